export interface EditorHostOptions {
  extension: string;
  folder?: string;
  workspace?: string;
  tests?: string;
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
  data?: string;
  port?: number;
}

export function startEditorHost(options: EditorHostOptions): Promise<{
  url: string;
  port: number;
  data: string;
  stop: () => Promise<void>;
  exited: Promise<void>;
}>;
