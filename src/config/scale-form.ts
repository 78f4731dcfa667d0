/** `scale` as a person would write it. */
import { formatDuration, formatShare, formatSize } from '../core/units.ts';
import { DEFAULT_SCALE } from '../scaling/default-policy.ts';
import type { Direction, ScalePolicy, Signal, SignalSource, StepChange, StepPolicy } from '../scaling/policy.ts';
import { writeScaleValue } from './scale-values.ts';

/** Plain data. */
type Form = Record<string, unknown>;
/** What stands for a secret. */
type Secret = (value: string) => unknown;

/** Of a size that nothing changes only what is not the default. */
export function scaleForm(policy: ScalePolicy, secret: Secret): Form {
	const form = fullForm(policy, secret);
	const fixed = [policy.signals, policy.steps, policy.schedules].every((all) => all.length === 0);
	if (!fixed) return form;
	const usual = fullForm(DEFAULT_SCALE, secret);
	const told = Object.entries(form).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key]));
	return { min: policy.min, max: policy.max, ...Object.fromEntries(told) };
}

function fullForm(policy: ScalePolicy, secret: Secret): Form {
	const { min, max, mode, signals, steps, schedules } = policy;
	const metrics = metricsOf([...signals, ...steps], secret);
	return {
		min,
		max,
		mode,
		...targets(
			'perInstance',
			signals.filter(({ kind }) => kind !== 'level'),
		),
		...targets(
			'keep',
			signals.filter(({ kind }) => kind === 'level'),
		),
		...(Object.keys(metrics).length === 0 ? {} : { metrics }),
		...(steps.length === 0 ? {} : { steps: steps.map(stepForm) }),
		...(schedules.length === 0
			? {}
			: {
					schedule: schedules.map((one) => ({
						cron: one.cron,
						...(one.timeZone === null ? {} : { timezone: one.timeZone }),
						for: formatDuration(one.forMs),
						...(one.min === null ? {} : { min: one.min }),
						...(one.max === null ? {} : { max: one.max }),
					})),
				}),
		window: formatDuration(policy.windowMs),
		panic:
			policy.panic === null
				? 'off'
				: { window: formatDuration(policy.panic.windowMs), threshold: `${Math.round(policy.panic.threshold * 100)}%` },
		peakOver: formatDuration(policy.peakOverMs),
		out: directionForm(policy.out),
		in: directionForm(policy.in),
		warmUp: policy.warmUpMs === null ? 'learned' : formatDuration(policy.warmUpMs),
		flaps: policy.flaps === null ? 'off' : `${policy.flaps.most} per ${formatDuration(policy.flaps.overMs)}`,
		brake: policy.brakeErrorRate === null ? 'off' : formatShare(policy.brakeErrorRate),
		idle: formatDuration(policy.idleMs),
		...sizeForm(policy),
		vertical: verticalForm(policy),
		nativeAutoscaler: policy.nativeAutoscaler,
	};
}

function targets(key: string, signals: readonly Signal[]): Form {
	if (signals.length === 0) return {};
	return { [key]: Object.fromEntries(signals.map(({ name, target, unit }) => [name, writeScaleValue(target, unit)])) };
}

function metricsOf(of: readonly { name: string; source: SignalSource }[], secret: Secret): Form {
	const found: Form = {};
	for (const { name, source } of of) {
		if (source.from !== 'prometheus') continue;
		const headers = Object.entries(source.headers).map(([field, value]) => [field, secret(value)]);
		found[name] = {
			prometheus: source.url,
			query: source.query,
			...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
		};
	}
	return found;
}

const changeText = (change: StepChange): string => {
	if ('to' in change) return `=${change.to}`;
	const [amount, mark] = 'by' in change ? [change.by, ''] : [Math.round(change.share * 100), '%'];
	return `${amount < 0 ? '-' : '+'}${Math.abs(amount)}${mark}`;
};

const stepForm = ({ name, when, bands, unit }: StepPolicy): Form => ({
	metric: name,
	[when]: Object.fromEntries(bands.map(({ from, change }) => [writeScaleValue(from, unit), changeText(change)])),
});

function directionForm({ tolerance, windowMs, cooldownMs, rates, select }: Direction): Form {
	const by = rates.map((rate) => {
		const amount = 'share' in rate ? `${Math.round(rate.share * 100)}%` : `${rate.instances}`;
		return `${amount} per ${formatDuration(rate.periodMs)}`;
	});
	return {
		tolerance: formatShare(tolerance),
		window: formatDuration(windowMs),
		cooldown: formatDuration(cooldownMs),
		by,
		select,
	};
}

function sizeForm({ size: { cpu, memoryBytes } }: ScalePolicy): Form {
	if (cpu === null && memoryBytes === null) return {};
	return {
		size: { ...(cpu === null ? {} : { cpu }), ...(memoryBytes === null ? {} : { memory: formatSize(memoryBytes) }) },
	};
}

function verticalForm({ vertical }: ScalePolicy): unknown {
	if (vertical === null) return 'off';
	const { mode, minCpu, maxCpu, minMemoryBytes, maxMemoryBytes } = vertical;
	return {
		mode,
		minCpu,
		...(maxCpu === null ? {} : { maxCpu }),
		minMemory: formatSize(minMemoryBytes),
		...(maxMemoryBytes === null ? {} : { maxMemory: formatSize(maxMemoryBytes) }),
	};
}
