/** An answer that is good for who waits now, and is not kept. */
export class Unkept extends Error {
	readonly text: string;
	constructor(text: string) {
		super('an answer that is not kept');
		this.text = text;
	}
}
