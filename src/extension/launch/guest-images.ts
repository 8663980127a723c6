import * as vscode from 'vscode';
import { openSync, readSync, closeSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { IMAGE_HEAD_BYTES, IMAGE_KIND_LABELS, type ImageKind, imageKind } from './image-kind';

/** A guest image in the workspace. */
export interface GuestImage {
  uri: vscode.Uri;
  kind: ImageKind;
}

/** Names that guest images usually have. What they are is told by their content. */
const CANDIDATES = '**/{*.elf,*.bin,*.img,*.iso,*.sys,*.kernel,bzImage*,vmlinuz*,vmlinux*}';
const EXCLUDED = '{**/node_modules/**,**/.git/**,**/.cache/**}';
const MOST = 200;
/** Larger images are not searched for the name of a source file. */
const LARGEST_SEARCHED = 64 << 20;

/**
 * What a file is, if it is a guest image.
 * @returns undefined for other files, and for those that cannot be read
 */
export function imageAt(uri: vscode.Uri): GuestImage | undefined {
  if (uri.scheme !== 'file') return undefined;
  try {
    const kind = imageKind(readHead(uri.fsPath));
    return kind && { uri, kind };
  } catch {
    return undefined;
  }
}

/** All guest images of the workspace, those with debug information of their own kind first, then by path. */
export async function findGuestImages(): Promise<GuestImage[]> {
  const uris = await vscode.workspace.findFiles(CANDIDATES, EXCLUDED, MOST);
  const images = uris.map(imageAt).filter((image) => image !== undefined);
  return images.sort((a, b) => order(a) - order(b) || a.uri.path.localeCompare(b.uri.path));
}

/**
 * Images whose debug information names a source file: judged by its base name, and where several have one of that name,
 * by the folder around it.
 */
export function imagesBuiltFrom(source: vscode.Uri, images: GuestImage[]): GuestImage[] {
  const [folder, name] = source.path.split('/').slice(-2);
  const named = images.flatMap((image) => {
    const bytes = debugBytes(image);
    return bytes && hasPathEnd(bytes, name) ? [{ image, bytes }] : [];
  });
  const closer = named.filter(({ bytes }) => hasPathEnd(bytes, `${folder}/${name}`) || hasPathEnd(bytes, folder));
  return (closer.length > 0 ? closer : named).map(({ image }) => image);
}

function debugBytes({ uri }: GuestImage): Buffer | undefined {
  try {
    return statSync(uri.fsPath).size > LARGEST_SEARCHED ? undefined : readFileSync(uri.fsPath);
  } catch {
    return undefined;
  }
}

/** Paths in .debug_line and .debug_str end with a zero byte; a part of one begins after a zero byte or a slash. */
function hasPathEnd(bytes: Buffer, end: string): boolean {
  const wanted = Buffer.from(`${end}\0`);
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
    if (at === 0 || bytes[at - 1] === 0 || bytes[at - 1] === 0x2f) return true;
  }
  return false;
}

/** Lets the user choose one of several images. */
export async function pickImage(images: GuestImage[], placeHolder: string): Promise<GuestImage | undefined> {
  const items = images.map((image) => ({
    label: `$(chip) ${basename(image.uri.path)}`,
    description: IMAGE_KIND_LABELS[image.kind],
    detail: vscode.workspace.asRelativePath(image.uri),
    image,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder,
    matchOnDetail: true,
    matchOnDescription: true,
  });
  return picked?.image;
}

function order(image: GuestImage): number {
  return (['multiboot', 'elf', 'bzimage', 'boot', 'iso', 'flat'] satisfies ImageKind[]).indexOf(image.kind);
}

function readHead(path: string): Uint8Array {
  const head = Buffer.alloc(IMAGE_HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}
