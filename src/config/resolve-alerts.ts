/** Alerts: the default set, what a file says over it, and what it lacks. */
import { TEMPLATE_FIELDS } from '../alerts/channels/alert-text.ts';
import {
	type AlertRuleInput,
	type AlertsConfig,
	type AlertsInput,
	complainOfLink,
	DEFAULT_HEARTBEAT_MS,
	type HeartbeatInput,
	type MaintenanceInput,
} from '../alerts/config.ts';
import { DEFAULT_RULE_NAMES, defaultRules, defaultRuleText } from '../alerts/default-rules.ts';
import type { HeartbeatConfig } from '../alerts/heartbeat.ts';
import { type MaintenanceWindow, readWindow } from '../alerts/maintenance.ts';
import { DEFAULT_REPEAT_MS } from '../alerts/repeat.ts';
import type { AlertRule, FigureNames } from '../alerts/rule.ts';
import { readRule } from '../alerts/rule-text.ts';
import { complainOfTemplate } from '../alerts/template.ts';
import { closest } from '../core/closest.ts';
import { orList } from '../core/or-list.ts';
import { parseDuration } from '../core/units.ts';
import type { Config, ServiceConfig } from './config.ts';
import { FIGURE_CATALOGUE, OPEN_CATALOGUE } from './figure-catalogue.ts';
import { resolveChannels, urlOfChannel } from './resolve-channels.ts';
import { checkRuleLabels } from './rule-labels.ts';
import type { UserConfig } from './schema.ts';
import type { Place } from './scope.ts';

const MOST_RULES = 500;

/** `place`: the top of the main file. */
export function resolveAlerting(
	input: UserConfig,
	services: readonly ServiceConfig[],
	place: Place,
): Pick<Config, 'alerts' | 'channels' | 'heartbeat'> {
	const channels = resolveChannels(input.channels ?? {}, place.at('channels'));
	const runbooks = resolveRunbooks(input.alerts?.['runbooks'], place.at('alerts', 'runbooks'));
	const others =
		(input.receive !== undefined && input.receive !== 'off' && input.receive !== false) ||
		services.some(({ pools }) => pools.some(({ scrape }) => scrape.length > 0));
	const known: Known = {
		services,
		channels: Object.keys(input.channels ?? {}),
		runbooks,
		figures: others ? OPEN_CATALOGUE : FIGURE_CATALOGUE,
		defaults: input.alerts?.['defaults'] === undefined,
		place,
	};
	return {
		alerts: {
			rules: resolveRules(input.alerts ?? {}, known, place.at('alerts')),
			maintenance: resolveMaintenance(input.maintenance ?? [], known, place.at('maintenance')),
			runbooks,
		},
		channels,
		heartbeat: resolveHeartbeat(input.heartbeat, place.at('heartbeat')),
	};
}

interface Known {
	services: readonly ServiceConfig[];
	channels: readonly string[];
	runbooks: string | null;
	figures: FigureNames;
	/** Whether the default set is on. */
	defaults: boolean;
	/** The top, for what has gone wrong elsewhere. */
	place: Place;
}

/** Those of the default set first, then the file's own in its order. */
function resolveRules(input: AlertsInput, known: Known, place: Place): AlertsConfig['rules'] {
	const { defaults, runbooks: _, ...named } = input;
	if (defaults !== undefined && defaults !== 'off' && defaults !== false)
		place
			.at('defaults')
			.problem('expected off, which switches the default set off; a rule needs another name', { at: 'key' });
	const base = new Map(
		(known.defaults ? defaultRules(FIGURE_CATALOGUE, known.runbooks) : []).map((rule) => [rule.name, rule]),
	);
	const rules = new Map<string, AlertRule>(base);
	for (const [name, said] of Object.entries(named)) {
		const at = place.at(name);
		if (!/^[a-z][a-z0-9_-]{0,62}$/i.test(name))
			at.problem('expected a name of letters, digits, `_` and `-`, a letter first, at most 63', { at: 'key' });
		const rule = resolveRule({ name, said, base: base.get(name) }, known, at);
		if (rule === null) rules.delete(name);
		else rules.set(name, rule);
	}
	if (rules.size > MOST_RULES)
		place.problem(`expected at most ${MOST_RULES} rules; these are ${rules.size}`, { at: 'key' });
	checkInhibits(rules, named, place);
	return [...rules.values()];
}

/** Where the page of the default set's runbooks was put. */
function resolveRunbooks(said: AlertsInput[string] | undefined, place: Place): string | null {
	if (said === undefined) return null;
	const complaint = typeof said === 'string' ? complainOfLink(said) : 'expected the address of the page of runbooks';
	if (complaint !== undefined) place.problem(`${complaint}; a rule needs another name`, { at: 'key' });
	return complaint === undefined ? (said as string) : null;
}

interface Said {
	name: string;
	said: AlertsInput[string];
	base: AlertRule | undefined;
}

/** null: it is off, or wrong. */
function resolveRule({ name, said, base }: Said, known: Known, place: Place): AlertRule | null {
	if (said === 'off' || said === false) {
		if (base === undefined && !(known.defaults && DEFAULT_RULE_NAMES.includes(name))) sayNotDefault(name, place);
		return null;
	}
	const input: AlertRuleInput = typeof said === 'string' ? { when: said } : said;
	checkTemplate(input.summary, place.at('summary'));
	checkChannels([input.notify ?? []].flat(), known, place.at('notify'));
	if (input.enabled === false) return null;
	const at = typeof said === 'string' ? place : place.at('when');
	// One of the set that this version cannot measure is refused with the reason.
	const when = input.when ?? base?.text ?? (known.defaults ? defaultRuleText(name) : undefined);
	if (when === undefined) {
		// One whose key was not understood is told of already.
		if (!place.isCut()) sayWithoutRule(name, place);
		return null;
	}
	const written = `${when}${clause('service', input.service)}${clause('route', input.route)}${clause('pool', input.pool)}${input.for === undefined ? '' : ` for ${input.for}`}`;
	const read = readRule(written, known.figures);
	if ('problems' in read) {
		for (const message of read.problems) at.problem(message, { value: when });
		return null;
	}
	const rule: AlertRule = {
		...read.rule,
		name,
		severity: input.severity ?? base?.severity ?? 'warning',
		notify: input.notify === undefined ? (base?.notify ?? null) : [input.notify].flat(),
		summary: input.summary ?? base?.summary ?? null,
		runbook: input.runbook ?? base?.runbook ?? null,
		repeatMs: parseDuration(input.repeat ?? '') ?? base?.repeatMs ?? DEFAULT_REPEAT_MS,
		inhibits: input.inhibits === undefined ? [...(base?.inhibits ?? [])] : [input.inhibits].flat(),
	};
	checkRuleLabels(rule, {
		services: known.services,
		placeOf: (label) => (label === 'class' || input[label] === undefined ? at : place.at(label)),
		related: [known.place.at('services').path],
		isOwn: (figure) => FIGURE_CATALOGUE.find(figure) !== undefined,
	});
	return rule;
}

const clause = (label: string, value: string | undefined) =>
	value === undefined ? '' : ` ${label}:"${value.replaceAll('"', '')}"`;

function sayNotDefault(name: string, place: Place): void {
	const near = closest(name, DEFAULT_RULE_NAMES);
	const meant = near === undefined ? `it has ${DEFAULT_RULE_NAMES.join(', ')}` : `did you mean \`${near}\`?`;
	place.problem(`expected a rule of the default set where one is switched off; ${meant}`, { at: 'key' });
}

function sayWithoutRule(name: string, place: Place): void {
	const near = closest(name, DEFAULT_RULE_NAMES);
	const meant = near === undefined ? '' : `; did you mean \`${near}\` of the default set?`;
	place.problem(`expected a rule in \`when\`, such as \`p95 > 500ms for 1m\`${meant}`, { at: 'key' });
}

function checkTemplate(summary: string | undefined, place: Place): void {
	const complaint =
		summary === undefined
			? undefined
			: complainOfTemplate(summary, [...TEMPLATE_FIELDS, 'class', 'cause', 'mount', 'worker', 'figure', 'name']);
	if (complaint !== undefined) place.problem(complaint, { value: summary });
}

function checkChannels(names: readonly string[], { channels, place: top }: Known, place: Place): void {
	for (const name of names) {
		if (channels.includes(name)) continue;
		const near = closest(name, channels);
		const there = channels.length === 0 ? 'there are none; write them at `channels`' : `there are ${orList(channels)}`;
		place.problem(`there is no channel \`${name}\`; ${near === undefined ? there : `did you mean \`${near}\`?`}`, {
			value: name,
			related: [top.at('channels').path],
		});
	}
}

function checkInhibits(rules: ReadonlyMap<string, AlertRule>, named: AlertsInput, place: Place): void {
	for (const [name, said] of Object.entries(named)) {
		const inhibits = typeof said === 'object' ? [said.inhibits ?? []].flat() : [];
		for (const one of inhibits) {
			if (rules.has(one) || Object.hasOwn(named, one) || DEFAULT_RULE_NAMES.includes(one)) continue;
			const near = closest(one, [...rules.keys()]);
			place
				.at(name, 'inhibits')
				.problem(`there is no alert \`${one}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`, {
					value: one,
				});
		}
	}
}

function resolveMaintenance(input: MaintenanceInput, known: Known, place: Place): MaintenanceWindow[] {
	return input.flatMap((one, index) => {
		const { when, service } = typeof one === 'string' ? { when: one, service: undefined } : one;
		const at = typeof one === 'string' ? place.at(index) : place.at(index, 'when');
		const names = known.services.map(({ name }) => name);
		if (service !== undefined && !names.includes(service)) {
			const near = closest(service, names);
			place
				.at(index, 'service')
				.problem(
					`there is no service \`${service}\`; ${near === undefined ? `there are ${orList(names)}` : `did you mean \`${near}\`?`}`,
					{
						value: service,
						related: [known.place.at('services').path],
					},
				);
		}
		const window = readWindow(when, service ?? null);
		if (typeof window !== 'string') return [window];
		at.problem(window, { value: when });
		return [];
	});
}

function resolveHeartbeat(input: HeartbeatInput | undefined, place: Place): HeartbeatConfig | null {
	if (input === undefined) return null;
	const found = urlOfChannel(input.url, place.at('url'));
	if (found === null) return null;
	return { url: found.url, secret: found.secret, everyMs: parseDuration(input.every ?? '') ?? DEFAULT_HEARTBEAT_MS };
}
