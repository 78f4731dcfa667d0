import type { BodyPieces, DistantBody } from '../distant-body.ts';
import type { OpenFiles } from './open-files.ts';
import { PieceReader, type ReadBody } from './piece-reader.ts';

/** A body in a file. */
export class DiskBody implements DistantBody {
	readonly from: number;
	readonly #files: OpenFiles;
	readonly #body: ReadBody;

	constructor(files: OpenFiles, body: ReadBody, from = 0) {
		this.from = from;
		this.#files = files;
		this.#body = body;
	}

	get ready(): boolean {
		// One that grows is there: somebody writes it.
		return !this.#body.isWhole() || this.#files.known(this.#body.number, true) !== null;
	}

	prepare(then: (state: 'ready' | 'busy' | 'gone') => void): void {
		const { number } = this.#body;
		this.#files.open(number, { length: this.#body.received(), whole: true }, (file, gone) =>
			then(file !== null ? 'ready' : gone ? 'gone' : 'busy'),
		);
	}

	read(came: (ok: boolean) => void): BodyPieces {
		return new PieceReader(this.#files, this.#body, came);
	}
}
