import type { Config } from '../config/config.ts';
import type { ProcessHost } from '../instances/process-host.ts';
import { otelEnvironment } from '../otlp/otel-environment.ts';

/** Has the processes that are started learn where their telemetry goes (`OTEL_*`), where that is received. */
export function tellingProcesses(host: ProcessHost, config: () => Config): ProcessHost {
	return {
		list: () => host.list(),
		signal: (id, signal) => host.signal(id, signal),
		lastLines: (id) => host.lastLines(id),
		watch: (listener) => host.watch(listener),
		spawn: (spec) => {
			const { receive, traces } = config();
			if (receive === null || !receive.instances) return host.spawn(spec);
			const { host: at, port, token } = receive;
			const owner = { service: spec.service, instance: spec.id, host: at, port, token, sample: traces?.sample ?? 0 };
			// What the operator says stands above.
			return host.spawn({ ...spec, env: { ...otelEnvironment(owner), ...spec.env } });
		},
	};
}
