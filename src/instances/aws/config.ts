/** An Auto Scaling group as instances: what a person writes, and what it resolves to. */
import type { z } from 'zod';
import { bool, choice, integer, key, list, notEmpty, object, oneOf, required, text } from '../../core/schema.ts';

export interface AwsConfig {
	kind: 'aws';
	/** Name of the Auto Scaling group. */
	group: string;
	region: string;
	/** That the instances listen on. */
	port: number;
	/** Which of an instance's addresses requests go to. */
	address: 'private' | 'public' | 'ipv6';
	/** ARNs of ELB target groups, of the type `instance`. */
	targetGroups: string[];
	/** Name of the group's hook of `autoscaling:EC2_INSTANCE_TERMINATING`; null: there is none. */
	lifecycleHook: string | null;
	/** What a new size may choose from; empty: sizes cannot be applied. */
	instanceTypes: string[];
	/** Whether members are kept from the platform's own scale-in. */
	protect: boolean;
	/** Of the shared configuration of AWS; null: the usual chain of credentials. */
	profile: string | null;
	/** URL for all services in the place of AWS's own; null: AWS's own. */
	endpoint: string | null;
}

const arn = text('the ARN of a target group', (value) =>
	/^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[\w-]+\/[0-9a-f]+$/.test(value)
		? undefined
		: 'expected the ARN of a target group, such as arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09',
);

const instanceType = text('an instance type such as m6i.large', (value) =>
	/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(value) ? undefined : 'expected an instance type such as m6i.large',
);

const word = (what: string, pattern: RegExp) =>
	text(what, (value) => (pattern.test(value) ? undefined : `expected ${what}`));

export const awsForm = object({
	aws: required(
		text('the name of an Auto Scaling group', notEmpty('the name of an Auto Scaling group')),
		'Instances of an EC2 Auto Scaling group, by its name.',
		{ example: 'api' },
	),
	region: required(word('a region such as eu-central-1', /^[a-z]{2}(?:-[a-z]+)+-\d$/), 'Region of the group.', {
		example: 'eu-central-1',
	}),
	port: required(integer(1, 65_535), 'Port that the instances listen on.', { example: 8080 }),
	address: key(choice('private', 'public', 'ipv6'), 'Which address of an instance requests go to.', {
		default: 'private',
		example: 'public',
	}),
	targetGroups: key(
		oneOf([arn, list(arn, 'ARNs')], 'the ARN of a target group, or a list of them'),
		'Target groups of a load balancer, of the type `instance`. Their health checks are read; where the group itself is not attached, members are registered and deregistered.',
		{
			defaultText: 'none',
			example: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09',
		},
	),
	lifecycleHook: key(
		word('the name of a lifecycle hook', /^[\w./-]{1,255}$/),
		"The group's hook for `autoscaling:EC2_INSTANCE_TERMINATING`. An instance that the platform ends waits in it until Ballast has drained it; without one it is cut off.",
		{ defaultText: 'none', example: 'ballast-drain' },
	),
	instanceTypes: key(
		list(instanceType, 'instance types'),
		'Instance types that a new size may choose from; the smallest that fits is taken.',
		{ defaultText: 'none: sizes are not applied', example: ['m6i.large', 'm6i.xlarge'] },
	),
	protect: key(
		bool(),
		'Protects members from scale-in by the platform, so that Ballast alone chooses which one goes.',
		{ default: false, example: true },
	),
	profile: key(
		word('the name of a profile', /^[\w.@:/+-]{1,128}$/),
		'Profile of the shared configuration of AWS whose credentials are used.',
		{ defaultText: 'the usual chain: environment, files, role of the machine', example: 'production' },
	),
	endpoint: key(
		text('a URL such as https://vpce-1.example.com', complainOfEndpoint, 'URL'),
		"URL to call in the place of AWS's own, for all services.",
		{ defaultText: "AWS's own", example: 'https://vpce-1.example.com' },
	),
});

export type AwsInput = z.input<typeof awsForm>;

function complainOfEndpoint(value: string): string | undefined {
	const expected = 'expected a URL such as https://vpce-1.example.com';
	const url = URL.parse(value);
	if (url === null || !/^https?:$/.test(url.protocol)) return expected;
	return url.username === '' && url.password === '' ? undefined : `${expected}, without user and password`;
}
