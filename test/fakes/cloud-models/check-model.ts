/** Holds requests and answers to the models that providers publish. */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Model } from './derive.ts';

export class ModelCheck {
	readonly #checks = new Map<string, ValidateFunction>();
	readonly #ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
	readonly #homes = new Map<string, string>();

	/** @param file a `model.json` that `derive.ts` wrote */
	constructor(file: URL) {
		for (const [at, model] of (JSON.parse(readFileSync(file, 'utf8')) as Model[]).entries()) {
			this.#ajv.addSchema({ $id: `model:${at}`, $defs: model.$defs });
			for (const name of Object.keys(model.$defs)) {
				if (!this.#homes.has(name)) this.#homes.set(name, `model:${at}#/$defs/${name}`);
			}
		}
	}

	/** What is wrong with a value; null: nothing. */
	complain(name: string, value: unknown): string | null {
		const home = this.#homes.get(name);
		if (home === undefined) throw new Error(`there is no model of ${name}`);
		const check = this.#checks.get(name) ?? this.#ajv.compile({ $ref: home });
		this.#checks.set(name, check);
		if (check(value)) return null;
		const words = (check.errors ?? []).map(
			({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
		);
		return `${name}: ${words.join('; ')}`;
	}
}
