/** A self-signed certificate for measuring over TLS, made by openssl: nothing like a key lies in the repository. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TlsFiles } from '../peers/peer.ts';

/** Makes an ECDSA P-256 certificate for api.example.com in `folder`, good for 2 days. Throws when openssl is not installed. */
export async function makeTlsFiles(folder: string): Promise<TlsFiles> {
	const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), pair: join(folder, 'pair.pem') };
	const subject = ['-subj', '/CN=api.example.com', '-addext', 'subjectAltName=DNS:api.example.com,IP:127.0.0.1'];
	const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', files.key];
	await promisify(execFile)('openssl', ['req', '-x509', '-days', '2', ...key, '-out', files.cert, ...subject]);
	await writeFile(files.pair, `${await readFile(files.cert, 'utf8')}${await readFile(files.key, 'utf8')}`, {
		mode: 0o600,
	});
	return files;
}
