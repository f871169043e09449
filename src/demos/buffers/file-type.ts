import type { Buffer } from 'node:buffer';

interface FileType {
  readonly mediaType: string;
  /** The bytes at `offset`, in hex. */
  readonly magic: string;
  readonly offset?: number;
}

/** Magic numbers: https://www.iana.org/assignments/media-types and https://en.wikipedia.org/wiki/List_of_file_signatures */
const fileTypes: readonly FileType[] = [
  { mediaType: 'image/png', magic: '89504e470d0a1a0a' },
  { mediaType: 'image/jpeg', magic: 'ffd8ff' },
  { mediaType: 'image/gif', magic: '47494638' },
  { mediaType: 'image/webp', magic: '57454250', offset: 8 },
  { mediaType: 'application/pdf', magic: '255044462d' },
  { mediaType: 'application/zip', magic: '504b0304' },
  { mediaType: 'application/gzip', magic: '1f8b' },
  { mediaType: 'application/zstd', magic: '28b52ffd' },
  { mediaType: 'application/wasm', magic: '0061736d' },
  { mediaType: 'application/x-elf', magic: '7f454c46' },
  { mediaType: 'application/vnd.sqlite3', magic: '53514c69746520666f726d6174203300' },
];

/** Enough bytes to detect any of these types and to read the dimensions. */
export const HEAD_BYTES = 64;

/** @returns the media type that the magic number identifies, or undefined */
export function detectMediaType(head: Buffer): string | undefined {
  return fileTypes.find(
    ({ magic, offset = 0 }) => head.toString('hex', offset, offset + magic.length / 2) === magic,
  )?.mediaType;
}

/** Reads the dimensions of a PNG (big-endian, https://www.w3.org/TR/png-3/#11IHDR) or a GIF (little-endian). */
export function readDimensions(
  head: Buffer,
  mediaType: string | null,
): { readonly width: number; readonly height: number } | null {
  if (mediaType === 'image/png' && head.length >= 24 && head.toString('latin1', 12, 16) === 'IHDR') {
    return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  }
  if (mediaType === 'image/gif' && head.length >= 10) {
    return { width: head.readUInt16LE(6), height: head.readUInt16LE(8) };
  }
  return null;
}
