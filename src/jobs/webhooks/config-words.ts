/** What may be written of where webhooks go. */
import { isIP } from 'node:net';
import { parseCidr } from './address-judge.ts';

const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/** An address, a range, or the name of a host. */
export const isReachable = (text: string): boolean =>
	parseCidr(text) !== null || (HOST.test(text) && !/^[\d.]+$/.test(text));

/** A host, with a port or without. */
export const isPlainHost = (text: string): boolean =>
	/^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[1-9]\d{0,4})?$/.test(text);

/** A host, or `*.` and what hosts end with. */
export const isReceiver = (text: string): boolean =>
	isIP(text) !== 0 || /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/.test(text);
