/** The provider for groups that are spoken to by commands. */
import { PlatformProvider } from '../platform/platform-provider.ts';
import type { ExecConfig } from './config.ts';
import { ExecPlatform } from './exec-platform.ts';

/** A command that is killed for its time has to have been killed by its own limit, which says more. */
const MARGIN_MS = 1000;

export function execProvider(service: string, config: ExecConfig): PlatformProvider<ExecConfig> {
	return new PlatformProvider({
		service,
		config,
		settings: ({ pollMs, timeoutMs }) => ({ pollMs, limitMs: timeoutMs + MARGIN_MS }),
		tls: ({ tls }) => tls,
		open: (config) => new ExecPlatform(service, config),
	});
}
