/** Writes answers and errors of the Query protocols. */
import type { Member, Service, Shape } from './model.ts';

export function writeAnswer(service: Service, action: string, answer: { value: unknown; shape: Shape }): string {
	const body = answer.shape.kind === 'unit' ? '' : members(answer.value as Record<string, unknown>, answer.shape);
	const open = `<${action}Response xmlns="${service.xmlNamespace}">`;
	if (service.protocol === 'ec2')
		return `${HEAD}${open}<requestId>${REQUEST_ID}</requestId>${body}</${action}Response>`;
	const result = answer.shape.kind === 'unit' ? '' : `<${action}Result>${body}</${action}Result>`;
	return `${HEAD}${open}${result}<ResponseMetadata><RequestId>${REQUEST_ID}</RequestId></ResponseMetadata></${action}Response>`;
}

export function writeError(service: Service, code: string, message: string): string {
	const said = `<Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>`;
	if (service.protocol === 'ec2')
		return `${HEAD}<Response><Errors><Error>${said}</Error></Errors><RequestID>${REQUEST_ID}</RequestID></Response>`;
	return `${HEAD}<ErrorResponse xmlns="${service.xmlNamespace}"><Error><Type>Sender</Type>${said}</Error><RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`;
}

export const REQUEST_ID = '59dbff89-35bd-4eac-99ed-be587ed81c6c';
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

function members(value: Record<string, unknown>, shape: Shape): string {
	let text = '';
	for (const [name, member] of shape.members) {
		const one = value[name];
		if (one === undefined || one === null) continue;
		text += element(member.traits.xmlName ?? name, one, member);
	}
	return text;
}

function element(name: string, value: unknown, member: Member): string {
	const shape = member.shape();
	if (shape.kind === 'structure') return `<${name}>${members(value as Record<string, unknown>, shape)}</${name}>`;
	if (shape.kind !== 'list') return `<${name}>${escaped(simple(value))}</${name}>`;
	const inner = shape.element as Member;
	const flat = member.traits.xmlFlattened !== undefined || shape.traits.xmlFlattened !== undefined;
	const each = (value as unknown[]).map((one) => element(flat ? name : (inner.traits.xmlName ?? 'member'), one, inner));
	return flat ? each.join('') : `<${name}>${each.join('')}</${name}>`;
}

function simple(value: unknown): string {
	return value instanceof Date ? value.toISOString() : String(value);
}

function escaped(text: string): string {
	return text.replace(/[&<>]/g, (char) => (char === '&' ? '&amp;' : char === '<' ? '&lt;' : '&gt;'));
}
