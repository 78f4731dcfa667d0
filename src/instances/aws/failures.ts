/** Why the group does not reach its size: the platform says so in its activities. */
import type { Activity, AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { inert } from '../../core/inert.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { CallAws } from './actions.ts';
import { countsAsDesired } from './members.ts';

const CAPACITY =
	/sufficient\b.{0,80}?\bcapacity|InsufficientInstanceCapacity|InsufficientFreeAddresses|free (?:private )?(?:IP )?addresses|LimitExceeded|count exceeded|\blimit (?:of|allows|exceeded)|more vCPU capacity|quota|no Spot capacity|Spot (?:price|request)/i;
const DENIED = /not authorized|UnauthorizedOperation|AccessDenied|permission/i;
const MOST_CHARACTERS = 500;

/**
 * Asks only while something is missing. null: nothing is, or nothing is known to have failed.
 * @throws PlatformError
 */
export async function failureOf(
	call: CallAws,
	group: AutoScalingGroup,
	signal: AbortSignal,
): Promise<PlatformError | null> {
	const there = (group.Instances ?? []).filter(countsAsDesired).length;
	if (there >= (group.DesiredCapacity ?? 0)) return null;
	const suspended = (group.SuspendedProcesses ?? []).find(({ ProcessName }) => ProcessName === 'Launch');
	if (suspended !== undefined)
		return new PlatformError(
			'bad_request',
			`the process Launch of the group is suspended: ${suspended.SuspensionReason ?? ''}`,
		);
	const input = { AutoScalingGroupName: group.AutoScalingGroupName, MaxRecords: 20 };
	const { Activities: activities = [] } = await call('autoscaling:DescribeScalingActivities', input, signal);
	return failedLaunch(activities);
}

/** Of the newest launch, if that one failed; the newest activities come first. */
export function failedLaunch(activities: readonly Activity[]): PlatformError | null {
	const newest = activities.find(({ Description }) => Description?.startsWith('Launching') ?? false);
	if (newest === undefined || !/^(?:Failed|Cancelled)$/.test(newest.StatusCode ?? '')) return null;
	const said = newest.StatusMessage ?? newest.Description ?? '';
	const words = inert(said.replace(/\s+/g, ' ').slice(0, MOST_CHARACTERS));
	if (CAPACITY.test(words)) return new PlatformError('capacity', words);
	return new PlatformError(DENIED.test(words) ? 'denied' : 'bad_request', words);
}
