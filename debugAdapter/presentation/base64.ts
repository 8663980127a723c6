import { ErrorCode, RequestError } from '../errors';

const CHUNK = 0x8000;

/** Bytes to base64, without node's Buffer: the adapter also runs in a worker. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(binary);
}

/** @throws RequestError if the text is not base64 */
export function fromBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new RequestError(ErrorCode.BadRequest, 'data: expected bytes in base64.');
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
