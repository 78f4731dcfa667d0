/** Small MP4 files that play, of any length (ISO/IEC 14496-12 and -15). */

import { type Stream, streamOf } from './h264.ts';
import { FRAME_RATE } from './videos.ts';

interface Film {
	width: number;
	height: number;
	durationS: number;
	colour: readonly [y: number, cb: number, cr: number];
}

/** Parts of a second in the file. */
const TIMESCALE = 1000;
const FRAME_UNITS = TIMESCALE / FRAME_RATE;

export function mp4Of({ width, height, durationS, colour }: Film): Buffer {
	const frames = Math.max(1, Math.round(durationS * FRAME_RATE));
	const stream = streamOf({ width, height, colour });
	const samples = Array.from({ length: frames }, (_, at) => sample(at === 0 ? stream.keyFrame : stream.repeat(at)));
	const type = box('ftyp', ascii('isom'), u32(0x200), ascii('isomiso2avc1mp41'));
	const film = { width, height, stream, samples };
	const dataAt = type.length + moov(film, 0).length + 8;
	return Buffer.concat([type, moov(film, dataAt), box('mdat', ...samples)]);
}

interface Track {
	width: number;
	height: number;
	stream: Stream;
	samples: Buffer[];
}

function moov(track: Track, dataAt: number): Buffer {
	const { width, height, samples } = track;
	const units = samples.length * FRAME_UNITS;
	const header = [u32(0), u32(0), u32(TIMESCALE), u32(units), u32(0x10000), u16(0x100), zeros(10), matrix(), zeros(24)];
	const trackHeader = [
		u32(0),
		u32(0),
		u32(1),
		u32(0),
		u32(units),
		zeros(16),
		matrix(),
		u32(width << 16),
		u32(height << 16),
	];
	const mediaHeader = [u32(0), u32(0), u32(TIMESCALE), u32(units), u16(0x55c4), u16(0)];
	return box(
		'moov',
		fullBox('mvhd', 0, ...header, u32(2)),
		box(
			'trak',
			fullBox('tkhd', 3, ...trackHeader),
			box(
				'mdia',
				fullBox('mdhd', 0, ...mediaHeader),
				fullBox('hdlr', 0, u32(0), ascii('vide'), zeros(12), ascii('video\0')),
				box(
					'minf',
					fullBox('vmhd', 1, zeros(8)),
					box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 1))),
					sampleTable(track, dataAt),
				),
			),
		),
	);
}

function sampleTable({ width, height, stream, samples }: Track, dataAt: number): Buffer {
	const { sequence, picture } = stream;
	const config = box(
		'avcC',
		Buffer.from([1, sequence[1] as number, sequence[2] as number, sequence[3] as number, 0xff, 0xe1]),
		u16(sequence.length),
		sequence,
		Buffer.from([1]),
		u16(picture.length),
		picture,
	);
	const resolution = [u32(0x480000), u32(0x480000), u32(0), u16(1)];
	const entry = [zeros(6), u16(1), zeros(16), u16(width), u16(height), ...resolution, zeros(32), u16(24), u16(0xffff)];
	return box(
		'stbl',
		fullBox('stsd', 0, u32(1), box('avc1', ...entry, config)),
		fullBox('stts', 0, u32(1), u32(samples.length), u32(FRAME_UNITS)),
		fullBox('stss', 0, u32(1), u32(1)),
		fullBox('stsc', 0, u32(1), u32(1), u32(samples.length), u32(1)),
		fullBox('stsz', 0, u32(0), u32(samples.length), ...samples.map(({ length }) => u32(length))),
		fullBox('stco', 0, u32(1), u32(dataAt)),
	);
}

function sample(unit: Buffer): Buffer {
	return Buffer.concat([u32(unit.length), unit]);
}

function box(name: string, ...parts: Buffer[]): Buffer {
	const length = parts.reduce((sum, part) => sum + part.length, 8);
	return Buffer.concat([u32(length), ascii(name), ...parts]);
}

function fullBox(name: string, flags: number, ...parts: Buffer[]): Buffer {
	return box(name, u32(flags), ...parts);
}

function matrix(): Buffer {
	return Buffer.concat([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(u32));
}

function u32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value >>> 0);
	return bytes;
}

function u16(value: number): Buffer {
	const bytes = Buffer.alloc(2);
	bytes.writeUInt16BE(value);
	return bytes;
}

const zeros = (length: number): Buffer => Buffer.alloc(length);
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
