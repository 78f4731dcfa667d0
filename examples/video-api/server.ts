import { buildApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { openContext } from './context.ts';
import { stopOnSignal } from './stop.ts';

try {
	const config = readConfig(process.env);
	const open = openContext(config);
	const app = await buildApp(open.context);
	stopOnSignal(app, open);
	const url = await app.listen({ port: config.port, host: config.host, listenTextResolver: () => 'listening' });
	app.log.info({ url, pid: process.pid, dataDir: config.dataDir, speed: config.speed }, 'ready');
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(error instanceof ConfigError ? 2 : 1);
}
