/** The part of JSON Schema that the models of the clouds need. */
export type Schema = { [key: string]: unknown };

/** Named schemas that refer to one another by `#/$defs/NAME`. */
export type Definitions = { [name: string]: Schema };

export const TEXT: Schema = { type: 'string' };
export const ANYTHING: Schema = {};

/** An object that has these members and no others. */
export function closed(properties: Record<string, Schema>, required: readonly string[] = []): Schema {
	return {
		type: 'object',
		properties,
		additionalProperties: false,
		...(required.length === 0 ? {} : { required: [...required].sort() }),
	};
}

export function listOf(items: Schema): Schema {
	return { type: 'array', items };
}

export function mapOf(values: Schema): Schema {
	return { type: 'object', additionalProperties: values };
}

export function refer(name: string): Schema {
	return { $ref: `#/$defs/${name}` };
}

/** Definitions are made as they are first referred to, so that only what is needed comes along. */
export function closure(
	names: readonly string[],
	define: (name: string, need: (other: string) => Schema) => Schema,
): Definitions {
	const made: Definitions = {};
	const waiting = [...names];
	const need = (name: string): Schema => {
		waiting.push(name);
		return refer(name);
	};
	for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
		if (made[name] === undefined) made[name] = define(name, need);
	}
	return Object.fromEntries(Object.entries(made).sort(([one], [other]) => (one < other ? -1 : 1)));
}
