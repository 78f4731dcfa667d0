/** What `npm start` prints before Ballast runs: three requests to paste into another terminal. */
const url = 'http://127.0.0.1:8080';

process.stdout.write(`Ballast in front of the example API (examples/video-api). Paste into another terminal:

  curl '${url}/v1/avatars?limit=3'
  curl ${url}/v1/whoami
  curl ${url}/v1/render -H 'content-type: application/json' -d '{"avatar_id":"av_0001_ivan","script":"Hello"}'

The last one makes a video, which takes some seconds. Ctrl-C drains and stops.

`);
