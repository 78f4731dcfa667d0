import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { stateFolder } from './folder.ts';

test('the folder of what lasts: that of systemd, of XDG, or the usual one', () => {
	assert.equal(stateFolder('default', { STATE_DIRECTORY: '/var/lib/ballast:/x' }), '/var/lib/ballast/default');
	assert.equal(stateFolder('shop', { XDG_STATE_HOME: '/srv/me/state' }), '/srv/me/state/ballast/shop');
	assert.equal(stateFolder('shop', { XDG_STATE_HOME: 'relative' }), `${homedir()}/.local/state/ballast/shop`);
	assert.equal(stateFolder('shop', {}), `${homedir()}/.local/state/ballast/shop`);
});
