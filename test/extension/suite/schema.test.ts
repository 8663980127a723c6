import assert from 'node:assert/strict';
import { ATTRIBUTE_NAMES, launchAttributes } from '../../../debugAdapter/launch/attributes';
import packageJson from '../../../package.json';

interface Property {
  type?: string | string[];
  enum?: string[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Property>;
  items?: Property;
  anyOf?: { type?: string; enum?: string[]; pattern?: string; properties?: unknown }[];
  markdownDescription?: string;
  markdownEnumDescriptions?: string[];
  additionalProperties?: boolean | Property;
}

const debuggerPart = packageJson.contributes.debuggers[0];
const properties = debuggerPart.configurationAttributes.launch.properties as Record<string, Property>;

const accepts = (attributes: Record<string, unknown>): boolean => {
  try {
    launchAttributes.check(attributes, '');
    return true;
  } catch {
    return false;
  }
};

/** Every property below the root with the launch attributes that set it to a value. */
function* walk(
  members: Record<string, Property>,
  wrap: (value: unknown) => Record<string, unknown>,
  path = '',
): Generator<{ path: string; property: Property; set: (value: unknown) => Record<string, unknown> }> {
  for (const [name, property] of Object.entries(members)) {
    const set = (value: unknown): Record<string, unknown> => wrap({ [name]: value });
    const here = path ? `${path}.${name}` : name;
    yield { path: here, property, set: path ? set : (value) => ({ [name]: value }) };
    if (property.properties) yield* walk(property.properties, path ? set : (value) => ({ [name]: value }), here);
    if (property.items?.properties) {
      const required = { file: 'a.img' };
      yield* walk(
        property.items.properties,
        (value) => ({ [name]: [{ ...required, ...(value as object) }] }),
        `${here}[]`,
      );
    }
  }
}

const all = [...walk(properties, (value) => value as Record<string, unknown>)];

describe('launch attributes: the schema in package.json and the adapter', () => {
  it('name the same attributes', () => {
    assert.deepEqual(Object.keys(properties).sort(), [...ATTRIBUTE_NAMES].sort());
  });

  it('describe every attribute and every choice in words', () => {
    for (const { path, property } of all) {
      assert.ok((property.markdownDescription ?? '').length > 10, `${path} has no description`);
      if (property.enum) {
        assert.equal(property.markdownEnumDescriptions?.length, property.enum.length, `${path}: choices without words`);
      }
    }
  });

  it('agree on the choices', () => {
    let choices = 0;
    for (const { path, property, set } of all) {
      const values = property.enum ?? property.anyOf?.flatMap((part) => part.enum ?? []) ?? [];
      for (const value of values) assert.ok(accepts(set(value)), `${path}: the adapter refuses ${value}`);
      // Where any text will do as well, the choices are no more than offers.
      const open = property.anyOf?.some((part) => part.type === 'string' && !part.enum);
      if (values.length > 0 && !open)
        assert.ok(!accepts(set('no-such-choice')), `${path}: the adapter accepts anything`);
      choices += values.length;
    }
    assert.ok(choices > 20);
  });

  it('agree on defaults and limits', () => {
    for (const { path, property, set } of all) {
      if (property.default !== undefined) assert.ok(accepts(set(property.default)), `${path}: its default is refused`);
      for (const [limit, beyond] of [
        [property.minimum, -1],
        [property.maximum, 1],
      ] as const) {
        if (limit === undefined) continue;
        assert.ok(accepts(set(limit)), `${path}: ${limit} is refused`);
        assert.ok(!accepts(set(limit + beyond)), `${path}: ${limit + beyond} is accepted`);
      }
    }
  });

  it('agree on types', () => {
    const samples: Record<string, unknown> = {
      string: 'text',
      integer: 1,
      boolean: true,
      array: [],
      object: {},
    };
    for (const { path, property, set } of all) {
      const types = [property.type ?? [], ...(property.anyOf ?? []).map(({ type }) => type ?? [])].flat();
      for (const [type, sample] of Object.entries(samples)) {
        if (types.includes(type)) continue;
        assert.ok(!accepts(set(sample)), `${path}: the adapter accepts ${JSON.stringify(sample)}`);
      }
    }
  });

  it('refuse unknown attributes alike', () => {
    for (const { path, property, set } of all) {
      if (!property.properties) continue;
      assert.equal(property.additionalProperties, false, `${path} accepts unknown members`);
      assert.ok(!accepts(set({ noSuchMember: 1 })), `${path}: the adapter accepts unknown members`);
    }
    assert.ok(!accepts({ noSuchAttribute: 1 }));
  });

  it('accept every snippet and initial configuration', () => {
    const editorsOwn = ['type', 'request', 'name'];
    const bodies = [
      ...debuggerPart.initialConfigurations,
      ...debuggerPart.configurationSnippets.map(({ body }) => body),
    ] as Record<string, unknown>[];
    assert.ok(bodies.length >= 9);
    for (const body of bodies) {
      // What a snippet's placeholders turn into: their default, or the first choice.
      const text = JSON.stringify(body)
        .replace(/\$\{\d+:([^}]*)\}/g, '$1')
        .replace(/\$\{\d+\|([^,|]*)[^}]*\}/g, '$1');
      const attributes = JSON.parse(text) as Record<string, unknown>;
      assert.deepEqual(
        editorsOwn.filter((key) => !(key in attributes)),
        [],
      );
      launchAttributes.check(attributes, '');
    }
  });
});
