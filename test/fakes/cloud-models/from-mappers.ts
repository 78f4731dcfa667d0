/** JSON Schemas of the mappers that the older management packages of Azure ship (`models/mappers.js`). */
import { ANYTHING, closed, closure, type Definitions, listOf, mapOf, type Schema, TEXT } from './json-schema.ts';

interface MapperType {
	name: string;
	className?: string;
	modelProperties?: Record<string, Mapper>;
	element?: Mapper;
	value?: Mapper;
	allowedValues?: readonly string[];
}

interface Mapper {
	type: MapperType;
	serializedName?: string;
	required?: boolean;
	nullable?: boolean;
}

const SCALARS: Record<string, Schema> = {
	String: TEXT,
	Uuid: TEXT,
	ByteArray: TEXT,
	Number: { type: 'number' },
	Boolean: { type: 'boolean' },
	DateTime: { type: 'string', format: 'date-time' },
	Date: TEXT,
	TimeSpan: { type: 'string', pattern: '^P' },
	any: ANYTHING,
};

export function fromMappers(mappers: Record<string, Mapper>, names: readonly string[]): Definitions {
	return closure(names, (name, need) => {
		const mapper = mappers[name];
		if (mapper === undefined) throw new Error(`the package has no mapper of ${name}`);
		const schemaOf = ({ type }: Mapper): Schema => {
			if (type.name === 'Composite') return need(type.className as string);
			if (type.name === 'Sequence') return listOf(schemaOf(type.element as Mapper));
			if (type.name === 'Dictionary') return mapOf(schemaOf(type.value as Mapper));
			if (type.name === 'Enum') return { enum: type.allowedValues };
			const scalar = SCALARS[type.name];
			if (scalar === undefined) throw new Error(`${name} has a member of the unknown type ${type.name}`);
			return scalar;
		};
		return compose(Object.values(mapper.type.modelProperties ?? {}), schemaOf);
	});
}

/** `properties.enabled` is the member `enabled` of `properties`; `odata\\.type` is one name with a dot. */
function compose(members: readonly Mapper[], schemaOf: (mapper: Mapper) => Schema): Schema {
	const flat: Record<string, Schema> = {};
	const inner = new Map<string, Mapper[]>();
	const required: string[] = [];
	for (const member of members) {
		const [first = '', ...rest] = (member.serializedName ?? '').split(/(?<!\\)\./);
		const name = first.replaceAll('\\.', '.');
		if (rest.length > 0) {
			inner.set(name, [...(inner.get(name) ?? []), { ...member, serializedName: rest.join('.') }]);
			continue;
		}
		flat[name] = schemaOf(member);
		if (member.required === true) required.push(name);
	}
	for (const [name, all] of inner) flat[name] = compose(all, schemaOf);
	return closed(flat, required);
}
