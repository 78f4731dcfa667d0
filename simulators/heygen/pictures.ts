/** Colours and thumbnails. */
import { crc32, deflateSync } from 'node:zlib';
import { draw } from './chance.ts';

/** Luma and the two chroma values of a video, the same for the same id. */
export function colourOf(id: string): readonly [y: number, cb: number, cr: number] {
	const between = (low: number, high: number, what: string): number => Math.round(low + draw(id, what) * (high - low));
	return [between(60, 200, 'y'), between(70, 190, 'cb'), between(70, 190, 'cr')];
}

/** A picture of one colour, as PNG. */
export function pngOf(id: string, { width, height }: { width: number; height: number }): Buffer {
	const line = Buffer.alloc(1 + width * 3);
	for (let at = 0; at < width; at++) line.set(rgbOf(colourOf(id)), 1 + at * 3);
	const size = Buffer.alloc(13);
	size.writeUInt32BE(width, 0);
	size.writeUInt32BE(height, 4);
	size.set([8, 2, 0, 0, 0], 8);
	const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)));
	const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
	return Buffer.concat([start, chunk('IHDR', size), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** ITU-R BT.601. */
function rgbOf([y, cb, cr]: readonly [number, number, number]): number[] {
	const luma = 1.164 * (y - 16);
	const red = luma + 1.596 * (cr - 128);
	const green = luma - 0.813 * (cr - 128) - 0.391 * (cb - 128);
	const blue = luma + 2.018 * (cb - 128);
	return [red, green, blue].map((value) => Math.min(255, Math.max(0, Math.round(value))));
}

function chunk(name: string, data: Buffer): Buffer {
	const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
	const frame = Buffer.alloc(8);
	frame.writeUInt32BE(data.length, 0);
	frame.writeUInt32BE(crc32(body), 4);
	return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
