// The least that node:http can do: bytes and headers that are there already, found by their path.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/** Path, file and headers of each. */
const files = JSON.parse(process.argv[2]).map(({ path, file, headers }) => {
  const body = readFileSync(file);
  return [path, { body, headers: { ...headers, 'Content-Length': body.length } }];
});
const answers = new Map(files);

const server = createServer((request, response) => {
  const answer = answers.get(request.url);
  if (answer) response.writeHead(200, answer.headers).end(answer.body);
  else response.writeHead(404, { 'Content-Length': 0 }).end();
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
process.once('SIGTERM', () => process.exit());
