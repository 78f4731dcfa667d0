/** Services that a preset describes, as plain ones. */
import { heygenService } from '../presets/heygen/heygen-service.ts';
import type { UserService } from './schema.ts';
import type { Place } from './scope.ts';

type Form = Record<string, unknown>;

/** What the service says itself is laid over what its preset says. */
export function expandPreset(input: UserService, place: Place): UserService {
	const { preset, accounts, webhooks, credit, spend, media, ...own } = input;
	if (preset === undefined) {
		for (const key of ['accounts', 'webhooks', 'credit', 'spend', 'media'] as const)
			if (input[key] !== undefined)
				place.at(key).problem('this belongs to a preset; write `preset: heygen` too', { at: 'key' });
		return own;
	}
	if (accounts === undefined) {
		place.problem('missing; `preset: heygen` needs `accounts`, such as `[{ key: { env: HEYGEN_API_KEY } }]`', {
			at: 'key',
		});
		return own;
	}
	const names = accounts.map(({ name }, at) => name ?? `account-${at + 1}`);
	for (const [at, name] of names.entries())
		if (names.indexOf(name) !== at)
			place.at('accounts', at).problem('conflict: another account has this name', { value: name });
	// Said here once, and not for each route.
	const usable = accounts.filter(({ key }, at) => place.at('accounts', at, 'key').secret(key) !== undefined);
	const secrets = [webhooks?.secret ?? []].flat();
	const signed = secrets.every((one) => place.at('webhooks', 'secret').secret(one) !== undefined);
	const to = typeof media === 'object' && typeof media.to === 'object' ? media.to : null;
	const keyed = (['accessKeyId', 'secretAccessKey'] as const).every(
		(key) => to === null || place.at('media', 'to', key).secret(to[key]) !== undefined,
	);
	const said = { webhooks: signed ? webhooks : undefined, media: keyed ? media : undefined };
	const known = heygenService({ accounts: usable, credit, spend, ...said });
	return laidOver(known, own as Form) as UserService;
}

/** Objects key by key, all else as a whole. */
function laidOver(base: Form, own: Form): Form {
	const laid: Form = { ...base };
	for (const [key, value] of Object.entries(own)) {
		const known = base[key];
		laid[key] = isForm(known) && isForm(value) && !isReference(value) ? laidOver(known, value) : value;
	}
	return laid;
}

const isForm = (value: unknown): value is Form => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A reference is one value, though it is written as an object. */
const isReference = (value: Form): boolean => 'env' in value || 'file' in value;
