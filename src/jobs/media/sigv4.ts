/** AWS Signature Version 4, as far as S3 needs it. Pure. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
import { createHash, createHmac } from 'node:crypto';

export interface SigningKey {
	accessKeyId: string;
	secretAccessKey: string;
	region: string;
}

export interface SignedCall {
	method: string;
	/** Its path must be encoded as `encodePath` does. */
	url: URL;
	/** Names in lower case; `host` is added. */
	headers: Readonly<Record<string, string>>;
	nowMs: number;
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** RFC 3986 §2.3: all but unreserved characters. */
const encode = (text: string): string =>
	encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

export const encodePath = (path: string): string => path.split('/').map(encode).join('/');

/** `20130524T000000Z`. */
const stampOf = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');

/** Fields that sign it; its body is not signed unless `x-amz-content-sha256` says so. */
export function signCall(call: SignedCall, key: SigningKey): Record<string, string> {
	const stamp = stampOf(call.nowMs);
	const headers: Record<string, string> = {
		'x-amz-content-sha256': UNSIGNED,
		...call.headers,
		host: call.url.host,
		'x-amz-date': stamp,
	};
	const names = Object.keys(headers).sort();
	const signature = signatureOf(
		[
			call.method,
			call.url.pathname,
			queryOf(call.url),
			...names.map((name) => `${name}:${headers[name]?.trim()}`),
			'',
			names.join(';'),
			headers['x-amz-content-sha256'] as string,
		],
		stamp,
		key,
	);
	const credential = `${key.accessKeyId}/${scopeOf(stamp, key)}`;
	return {
		...headers,
		authorization: `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names.join(';')},Signature=${signature}`,
	};
}

/** A URL by which anybody may fetch it for so long. */
export function presign(url: URL, { nowMs, forS }: { nowMs: number; forS: number }, key: SigningKey): string {
	const stamp = stampOf(nowMs);
	const signed = new URL(url);
	const fields = {
		'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
		'X-Amz-Credential': `${key.accessKeyId}/${scopeOf(stamp, key)}`,
		'X-Amz-Date': stamp,
		'X-Amz-Expires': `${forS}`,
		'X-Amz-SignedHeaders': 'host',
	};
	for (const [name, value] of Object.entries(fields)) signed.searchParams.set(name, value);
	const query = queryOf(signed);
	const signature = signatureOf(['GET', url.pathname, query, `host:${url.host}`, '', 'host', UNSIGNED], stamp, key);
	return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}`;
}

const scopeOf = (stamp: string, { region }: SigningKey): string => `${stamp.slice(0, 8)}/${region}/s3/aws4_request`;

function queryOf(url: URL): string {
	const pairs = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`);
	return pairs.sort().join('&');
}

function signatureOf(canonical: readonly string[], stamp: string, key: SigningKey): string {
	const text = ['AWS4-HMAC-SHA256', stamp, scopeOf(stamp, key), sha256(canonical.join('\n'))].join('\n');
	const dated = hmac(`AWS4${key.secretAccessKey}`, stamp.slice(0, 8));
	const signing = hmac(hmac(hmac(dated, key.region), 's3'), 'aws4_request');
	return hmac(signing, text).toString('hex');
}
