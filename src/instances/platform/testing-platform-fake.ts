/** The port to a stateful fake of a platform, as the suite of all platforms needs it. */
import type { Platform } from './platform.ts';

/** What a test can do to the platform behind the adapter. `make` gives a group of three running members. */
export interface PlatformFake {
	/** The adapter under test, its client pointed at the fake. */
	open(): Platform;
	/** The size that the platform really aims at. */
	size(): number;
	/** Ids of the members that really live, those that start included. */
	alive(): string[];
	/** Changes of the size that the platform took, in order: `4`, and `-api-1` for a member that was removed. */
	readonly changes: readonly string[];
	/** The next calls are answered with the platform's own words for too many. */
	throttleNext(calls: number): void;
	/** The credentials in use are refused from now on; fresh ones lie where the adapter reads them. */
	expireCredentials(): void;
	/** Reads show what was so long ago. */
	lag(ms: number): void;
	/** There is room for so many and no more; a larger size is refused in the platform's own way. */
	capacity(members: number): void;
	/** This is not permitted from now on; null: all is. */
	deny(action: 'read' | 'resize' | 'remove' | null): void;
	/** Members that are yet to come do not come. */
	stick(stuck: boolean): void;
	/** No call is answered. */
	silence(silent: boolean): void;
	/** Somebody else sets the size. */
	outsideResize(size: number): void;
	/** A member dies by itself; the platform replaces it. */
	kill(id: string): void;
	/** The next removal of several does this many of them, then fails. */
	partial(members: number): void;
	/** The platform's own autoscaler is at work on the group under this name; null: none is. */
	autoscaler(name: string | null): void;
	/** The group's own bounds. */
	bounds(min: number | null, max: number | null): void;
	/** The group is deleted. */
	vanish(): void;
	/** @throws when something is open still that the adapter should have closed */
	close(): Promise<void>;
}
