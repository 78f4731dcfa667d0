/** Checks a request's signature, by the rules and not by the SDK's own signer (AWS Signature Version 4). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Keys {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** Of temporary credentials; null: these have none. */
	readonly sessionToken: string | null;
}

export type Checked =
	| { readonly ok: true; readonly service: string; readonly region: string }
	| { readonly ok: false; readonly code: string; readonly message: string };

/** How far a clock may be off, ms. */
const SKEW_MS = 5 * 60_000;

export function checkSignature(request: IncomingMessage, body: string, keys: Keys): Checked {
	const header = request.headers['authorization'];
	if (header === undefined) return bad('MissingAuthenticationToken', 'Request is missing Authentication Token');
	const found =
		/^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
			header,
		);
	if (found === null) return bad('IncompleteSignature', 'Authorization header is not as Signature Version 4 has it.');
	const [, id, day, region, service, signedHeaders, signature] = found as unknown as [
		string,
		string,
		string,
		string,
		string,
		string,
		string,
	];
	const date = String(request.headers['x-amz-date'] ?? '');
	const token = request.headers['x-amz-security-token'] ?? null;
	if (id !== keys.accessKeyId || token !== keys.sessionToken)
		return bad('InvalidClientTokenId', 'The security token included in the request is invalid.');
	if (!date.startsWith(day)) return bad('SignatureDoesNotMatch', 'Credential should be scoped to a valid date.');
	const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
	if (!(Math.abs(Date.now() - at) < SKEW_MS)) return bad('RequestExpired', 'Request has expired.');
	const names = signedHeaders.split(';');
	for (const needed of ['host', 'x-amz-date', ...(token === null ? [] : ['x-amz-security-token'])]) {
		if (!names.includes(needed)) return bad('SignatureDoesNotMatch', `${needed} is not signed.`);
	}
	const canonical = canonicalRequest(request, body, names);
	const scope = `${day}/${region}/${service}/aws4_request`;
	const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
	const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
		(by, part) => createHmac('sha256', by).update(part).digest(),
		`AWS4${keys.secretAccessKey}`,
	);
	const expected = createHmac('sha256', key).update(toSign).digest('hex');
	if (timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) return { ok: true, service, region };
	// The real one repeats the canonical string too, with the session token in it.
	return bad(
		'SignatureDoesNotMatch',
		`The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'${canonical}'`,
	);
}

function canonicalRequest(request: IncomingMessage, body: string, names: string[]): string {
	const [path = '/', query = ''] = (request.url ?? '/').split('?');
	const headers = names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`).join('');
	const sorted = query.split('&').sort().join('&');
	return `${request.method}\n${path}\n${sorted}\n${headers}\n${names.join(';')}\n${sha256(body)}`;
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

function bad(code: string, message: string): Checked {
	return { ok: false, code, message };
}
