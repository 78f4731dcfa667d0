/** What a platform refuses for want of a permission: kept until it works, for an alert. */
import { tellPermissions } from './missing-permissions.ts';
import type { Platform } from './platform.ts';
import { asPlatformError } from './platform-call.ts';

export type Refusable = 'look' | 'resize' | 'remove' | 'keep up' | 'give a size' | 'what it began' | 'review';

/** What is known to be missing is asked for again after this time, ms. */
const REVIEW_AGAIN_MS = 600_000;

export class Permissions {
	readonly #refused = new Set<Refusable>();
	#reviewAt = 0;
	#told: string | null = null;

	/** The platform refuses something since the credentials lack a permission, or said beforehand that it would. */
	get missing(): boolean {
		return this.#refused.size > 0;
	}

	/** Passes on what came of a call. One that was not answered says nothing of what is permitted. */
	async during<T>(what: Refusable, call: Promise<T>): Promise<T> {
		try {
			const done = await call;
			this.#refused.delete(what);
			// Something is permitted that may not have been: what was said of it is asked anew.
			if (what !== 'look' && this.#refused.has('review')) this.#reviewAt = 0;
			return done;
		} catch (error) {
			if (asPlatformError(error).fault === 'denied') this.#refused.add(what);
			throw error;
		}
	}

	/** @param error of what went on by itself, such as a change that was taken; null: none */
	later(error: { readonly fault: string } | null): void {
		if (error?.fault === 'denied') this.#refused.add('what it began');
		else this.#refused.delete('what it began');
	}

	/**
	 * Asks once what would be refused later, and again now and then while something is missing.
	 * @returns a sentence that was not told before; null: there is none
	 */
	async review(platform: Platform, limitMs: number, closed: AbortSignal): Promise<string | null> {
		if (Date.now() < this.#reviewAt) return null;
		const { missing: text } = await tellPermissions(platform, limitMs, closed);
		if (closed.aborted) return null;
		this.#reviewAt = text === null ? Number.POSITIVE_INFINITY : Date.now() + REVIEW_AGAIN_MS;
		if (text === null) this.#refused.delete('review');
		else this.#refused.add('review');
		const news = text === this.#told ? null : text;
		this.#told = text;
		return news;
	}
}
