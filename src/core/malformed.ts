/**
 * Why a request is malformed or ambiguous (`bad_request`), in words that stay: they stand in the answer as `reason`
 * and in `Proxy-Status`, the sentence as `detail`. Nothing of what the client sent is ever repeated.
 */
export const MALFORMED = {
	// The request line (RFC 9112 §3).
	bad_request_line: 'The request line is not a method, a target and HTTP/1.1, with single spaces between them.',
	bad_method: 'The method is missing, is over 32 characters long or holds a character that a method may not.',
	bad_version: 'Something other than HTTP/1.1 stands behind the target.',
	bad_target: 'The target is none of /path, http://host/path, https://host/path and, for OPTIONS, *.',
	fragment_in_target: 'The target holds a #: a fragment is never sent.',
	nul_in_path: 'The path holds an escaped NUL, %00.',
	host_differs: 'The target names another host than the Host field.',
	// Lines and their bytes (RFC 9112 §2.2, §5).
	bare_lf: 'A line ends in LF without the CR before it.',
	bare_cr: 'A CR stands without the LF behind it.',
	nul: 'A NUL byte stands in the head or in the framing of the body.',
	control_character: 'A control character stands in the head or in the framing of the body.',
	obs_fold: 'A field line begins with white space: folded lines are not taken.',
	space_before_colon: 'White space stands between the name of a field and its colon.',
	bad_field_name: 'The name of a field is empty or holds a character that it may not.',
	field_without_colon: 'A field line has no colon.',
	// Fields (RFC 9112 §3.2, §6; RFC 9110 §7.6.1, §10.1.1).
	host_missing: 'HTTP/1.1 requires a Host field.',
	host_twice: 'There is more than one Host field.',
	bad_host: 'The host is empty, or is not a name or an address with, perhaps, a port.',
	bad_content_length: 'Content-Length is not a number of up to 15 digits.',
	content_length_differs: 'There are several Content-Length fields, and they differ.',
	content_length_and_transfer_encoding: 'Content-Length and Transfer-Encoding contradict each other.',
	bad_transfer_encoding: 'Transfer-Encoding is not chunked, alone and once.',
	transfer_encoding_in_http_1_0: 'HTTP/1.0 has no Transfer-Encoding.',
	expect_twice: 'There is more than one Expect field.',
	too_many_connection_options: 'Connection names more than 64 options.',
	// The body (RFC 9112 §7.1).
	bad_chunk_size: 'The size of a chunk is not a hexadecimal number of up to 12 digits.',
	bad_chunk_extension: 'An extension of a chunk is not of the form name, name=token or name="text".',
	chunk_extensions_too_long: 'The extensions of chunks are over 256 bytes for one, or 16 KiB more than the payload.',
	bad_chunk_end: 'A chunk is longer or shorter than its size says.',
	trailers_too_large: 'The trailers are over 8 KiB or 64 fields.',
	// The port.
	https_port: 'This port speaks HTTPS: the address begins with https://.',
} as const satisfies Record<string, string>;

export type Malformed = keyof typeof MALFORMED;

export const isMalformed = (word: string): word is Malformed => Object.hasOwn(MALFORMED, word);
