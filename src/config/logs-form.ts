/** Logs as a person would write them. */
import { formatDuration, formatShare, formatSize } from '../core/units.ts';
import type { AccessLogConfig, ForwardConfig, LogsConfig } from '../logs/config.ts';

export function logsForm({ access, redact, keepMs, keepBytes, slowMs, sample, forward }: LogsConfig): unknown {
	return {
		access: access === null ? 'off' : accessForm(access),
		...(redact === null ? { redact: 'off' } : redactForm(redact)),
		keep: { time: formatDuration(keepMs), size: formatSize(keepBytes) },
		slow: formatDuration(slowMs),
		sample: formatShare(sample),
		...(forward.length === 0 ? {} : { forward: forward.map(forwardForm) }),
	};
}

function accessForm({ path, format, rotate, sample }: AccessLogConfig): unknown {
	return {
		to: path ?? 'stdout',
		format,
		...(path === null ? {} : { rotate: rotateForm(rotate) }),
		sample: formatShare(sample),
	};
}

/** Without any of one's own it is on, and there is nothing to tell. */
function redactForm({ patterns, keys }: NonNullable<LogsConfig['redact']>): object {
	if (patterns.length === 0 && keys.length === 0) return {};
	return { redact: { ...(patterns.length === 0 ? {} : { patterns }), ...(keys.length === 0 ? {} : { keys }) } };
}

function rotateForm(rotate: AccessLogConfig['rotate']): unknown {
	if (rotate === null) return 'off';
	const { bytes, ageMs, keep, gzip } = rotate;
	return { size: formatSize(bytes), ...(ageMs === 0 ? {} : { every: formatDuration(ageMs) }), keep, gzip };
}

function forwardForm(forward: ForwardConfig): unknown {
	const only = forward.only === '' ? {} : { only: forward.only };
	if (forward.kind === 'file') return { to: forward.path, ...only, rotate: rotateForm(forward.rotate) };
	const { transport, host, port } = forward;
	return { to: `syslog+${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`, ...only };
}
