/** Templates: `{{field}}` is put in, and nothing else means anything. */

const FIELD = /\{\{\s*([a-z_][\w.]*)\s*\}\}/gi;
const MOST = 4000;

/** The text with its fields put in; a field that is not there is ''. What is put in is not looked at again. */
export function fillTemplate(template: string, fields: Readonly<Record<string, string>>): string {
	return template
		.replaceAll(FIELD, (_, name: string) => (Object.hasOwn(fields, name) ? (fields[name] as string) : ''))
		.slice(0, MOST);
}

/** What is wrong with a template, a sentence; undefined: nothing. `known` null: any field may stand there. */
export function complainOfTemplate(template: string, known: readonly string[] | null): string | undefined {
	if (template.length > 1000) return 'expected at most 1000 characters';
	const rest = template.replaceAll(FIELD, '');
	if (/\{\{|\}\}/.test(rest)) return 'expected fields as `{{name}}`, letters, digits and `_` only';
	const unknown = [...template.matchAll(FIELD)]
		.map(([, name]) => name as string)
		.find((name) => known?.includes(name) === false);
	return unknown === undefined
		? undefined
		: `there is no field \`{{${unknown}}}\` here; there are ${known?.join(', ')}`;
}
