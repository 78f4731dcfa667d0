/** A certificate authority of a test's own, by openssl, in a folder that `remove` takes away. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Certificates {
	readonly folder: string = mkdtempSync(join(tmpdir(), 'ballast-certificates-'));
	readonly authorityFile: string = join(this.folder, 'ca.pem');
	/** PEM of the authority. */
	readonly authority: string;

	constructor() {
		const key = join(this.folder, 'ca.key');
		const subject = ['-subj', '/CN=Test authority', '-addext', 'basicConstraints=critical,CA:TRUE'];
		run('req', '-x509', ...KEY, '-keyout', key, '-out', this.authorityFile, '-days', '2', ...subject);
		this.authority = readFileSync(this.authorityFile, 'utf8');
	}

	/** A certificate for this DNS name or IP address, good for so many days. */
	issue(name: string, days = 2): { cert: string; key: string } {
		const { cert, key } = this.pair(name);
		const request = `${cert}.csr`;
		const extensions = `${cert}.ext`;
		run('req', ...KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
		writeFileSync(extensions, `subjectAltName=${/^[\d.]+$/.test(name) ? 'IP' : 'DNS'}:${name}\n`);
		const signed = ['-CA', this.authorityFile, '-CAkey', join(this.folder, 'ca.key'), '-CAcreateserial'];
		run('x509', '-req', '-in', request, ...signed, '-out', cert, '-days', `${days}`, '-extfile', extensions);
		return { cert, key };
	}

	/** Where its files are. */
	pair(name: string): { cert: string; key: string } {
		const path = join(this.folder, name.replace('*', '_'));
		return { cert: `${path}.pem`, key: `${path}.key` };
	}

	remove(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const run = (...args: string[]): void => {
	execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};
