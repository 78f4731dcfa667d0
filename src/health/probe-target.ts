/** What is probed, and how its connection is made. */
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { HealthConfig } from './config.ts';

/** TLS toward the instances of a service. */
export interface ProbeTls {
	/** PEM file with the authorities to trust; null: the system's. */
	readonly ca: string | null;
	/** Name to ask for and to check; null: the instance's host when that is a name. */
	readonly serverName: string | null;
	/** false: any certificate will do. */
	readonly verify: boolean;
}

export interface ProbeTarget {
	readonly host: string;
	readonly port: number;
	/** null: no TLS. */
	readonly tls: ProbeTls | null;
	/** Value of the probe's Host field. */
	readonly hostHeader: string;
	readonly health: HealthConfig;
	/** Asked often until it is up for the first time, and not called unhealthy before. */
	readonly starting: boolean;
}

/** Contexts by CA file and the file's stamp: making one costs milliseconds. */
const contexts = new Map<string, { stamp: string; context: SecureContext }>();

/** The context for a CA file, made anew when the file changed. @throws the file system's error */
export function secureContext(ca: string | null): SecureContext {
	const file = ca === null ? null : statSync(ca);
	const stamp = file === null ? '' : `${file.mtimeMs} ${file.size} ${file.ino}`;
	const known = contexts.get(ca ?? '');
	if (known?.stamp === stamp) return known.context;
	const context = createSecureContext(ca === null ? {} : { ca: readFileSync(ca) });
	contexts.set(ca ?? '', { stamp, context });
	return context;
}

/** The name for SNI and the check; undefined when there is only an address. */
export function serverName(target: Pick<ProbeTarget, 'host'>, tls: ProbeTls): string | undefined {
	return tls.serverName ?? (isIP(target.host) === 0 ? target.host : undefined);
}
