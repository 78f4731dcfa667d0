/** Groups of platforms as a person writes them, and in a few words. */
import { formatDuration } from '../core/units.ts';
import type { PlatformConfig } from '../instances/config.ts';
import type { ExecConfig } from '../instances/exec/config.ts';
import { azureUserForm, gcpUserForm, kubernetesUserForm } from './cloud-forms.ts';
import { commandForm, environmentForm } from './command-form.ts';
import { maskText } from './problem.ts';
import { awsAsWritten } from './resolve-aws.ts';

type Secret = (value: string) => unknown;

export function platformForm(instances: PlatformConfig, secret: Secret): Record<string, unknown> {
	switch (instances.kind) {
		case 'exec':
			return { exec: execForm(instances, secret) };
		case 'aws':
			return awsAsWritten(instances);
		case 'azure':
			return azureUserForm(instances);
		case 'gcp':
			return gcpUserForm(instances);
		case 'kubernetes':
			return kubernetesUserForm(instances);
	}
}

/** `exec ./group list`, `deployment default/api, port http`. */
export function platformText(instances: PlatformConfig): string {
	switch (instances.kind) {
		case 'exec':
			return `exec ${maskText(instances.commands.list.join(' '))}`;
		case 'aws':
			return `aws Auto Scaling group ${instances.group} in ${instances.region}, port ${instances.port}`;
		case 'azure':
			return `scale set ${instances.resourceGroup}/${instances.scaleSet}, port ${instances.port}`;
		case 'gcp':
			return `instance group ${instances.project}/${instances.place.name}/${instances.group}, port ${instances.port}`;
		case 'kubernetes': {
			const { workload, namespace, port } = instances;
			return `${workload.kind} ${namespace === null ? '' : `${namespace}/`}${workload.name}, port ${port}`;
		}
	}
}

function execForm({ commands, port, tls, cwd, ...rest }: ExecConfig, secret: Secret): Record<string, unknown> {
	const { list, resize, remove, size, usage } = commands;
	return {
		list: commandForm(list),
		resize: commandForm(resize),
		remove: commandForm(remove),
		...(size === null ? {} : { size: commandForm(size) }),
		...(usage === null ? {} : { usage: commandForm(usage) }),
		...(port === 0 ? {} : { port }),
		tls,
		timeout: formatDuration(rest.timeoutMs),
		poll: formatDuration(rest.pollMs),
		lag: formatDuration(rest.lagMs),
		cwd,
		...environmentForm(rest, secret),
	};
}
