import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePath, presign, signCall } from './sigv4.ts';

/** Of the examples in the documentation of S3. */
const KEY = {
	accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
	secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
	region: 'us-east-1',
};
const nowMs = Date.UTC(2013, 4, 24);
const signed = (method: string, path: string, headers: Record<string, string>): string => {
	const url = new URL(`https://examplebucket.s3.amazonaws.com${path}`);
	return signCall({ method, url, headers, nowMs }, KEY)['authorization'] ?? '';
};

test('calls are signed as the documentation of S3 shows it', () => {
	const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
	assert.equal(
		signed('GET', '/test.txt', { range: 'bytes=0-9', 'x-amz-content-sha256': empty }),
		'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
	);
	assert.match(
		signed('PUT', encodePath('/test$file.text'), {
			date: 'Fri, 24 May 2013 00:00:00 GMT',
			'x-amz-storage-class': 'REDUCED_REDUNDANCY',
			'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
		}),
		/Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
	);
	assert.match(
		signed('GET', '/?lifecycle', { 'x-amz-content-sha256': empty }),
		/Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543$/,
	);
});

test('a URL is signed as the documentation of S3 shows it', () => {
	assert.equal(
		presign(new URL('https://examplebucket.s3.amazonaws.com/test.txt'), { nowMs, forS: 86_400 }, KEY),
		'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
	);
});
