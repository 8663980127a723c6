/** Where a node is in the text: [start, end). */
export interface Span {
  start: number;
  end: number;
}

/** A type as written in a cast or in sizeof: `unsigned char`, `struct uart **`. */
export interface TypeName extends Span {
  /** Canonical: words in order, single blanks. */
  base: string;
  pointers: number;
}

export type UnaryOperator = '+' | '-' | '~' | '!' | '*' | '&';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type ComparisonOperator = '==' | '!=' | '<' | '>' | '<=' | '>=';
export type LogicalOperator = '&&' | '||';

export type ExpressionNode = Span &
  (
    | { kind: 'number'; value: bigint; unsigned: boolean; long: boolean }
    | { kind: 'character'; value: number }
    | { kind: 'string'; value: string }
    | { kind: 'name'; name: string }
    | { kind: 'unary'; operator: UnaryOperator; operand: ExpressionNode }
    | { kind: 'update'; operator: '+' | '-'; prefix: boolean; operand: ExpressionNode }
    | { kind: 'arithmetic'; operator: ArithmeticOperator; left: ExpressionNode; right: ExpressionNode }
    | { kind: 'comparison'; operator: ComparisonOperator; left: ExpressionNode; right: ExpressionNode }
    | { kind: 'logical'; operator: LogicalOperator; left: ExpressionNode; right: ExpressionNode }
    | { kind: 'conditional'; test: ExpressionNode; yes: ExpressionNode; no: ExpressionNode }
    | { kind: 'assignment'; operator?: ArithmeticOperator; target: ExpressionNode; value: ExpressionNode }
    | { kind: 'sequence'; left: ExpressionNode; right: ExpressionNode }
    | { kind: 'cast'; type: TypeName; operand: ExpressionNode }
    | { kind: 'sizeof'; type?: TypeName; operand?: ExpressionNode }
    | { kind: 'index'; object: ExpressionNode; index: ExpressionNode }
    | { kind: 'member'; object: ExpressionNode; name: string; arrow: boolean }
    /** `[ds:ebx+4]`, `u8[esi]`: memory through a segment. */
    | { kind: 'segmented'; segment?: string; offset: ExpressionNode; type?: TypeName }
    /** `u8(x)`: memory at a linear address; `phys(x)`, `phys8(x)`: at a physical one. */
    | { kind: 'memory'; space: 'linear' | 'physical'; type: string; address: ExpressionNode }
  );
