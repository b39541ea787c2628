#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { HELP, readCommand, UsageError, type CliOptions, type Command } from './cli-options.js';
import { runKeys, runToken } from './key-commands.js';
import { packageRoot } from './package-root.js';
import { serve, type RunningServer } from './serve.js';

/** Of the log's lines that could not be written, characters: more are lost. */
const MAX_LOG_BACKLOG = 1024 * 1024;

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code; after 0 the server may still be running */
async function main(args: readonly string[]): Promise<number> {
  let command: Command;
  try {
    command = readCommand(args, process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`livedrop: ${error.message}\nlivedrop --help lists the options.\n`);
    return 2;
  }
  if (command.kind === 'help') process.stdout.write(HELP);
  else if (command.kind === 'version') process.stdout.write(`${await readVersion()}\n`);
  else if (command.kind === 'serve') return await start(command);
  else return await print(() => (command.kind === 'keys' ? runKeys : runToken)(command.args, process.env));
  return 0;
}

async function print(text: () => Promise<string>): Promise<number> {
  try {
    process.stdout.write(await text());
    return 0;
  } catch (error) {
    process.stderr.write(`livedrop: ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function start(options: CliOptions): Promise<number> {
  // JSON lines on stderr, written at once: the last ones before an exit matter most.
  const log = pino.destination({ fd: 2, sync: true, maxLength: MAX_LOG_BACKLOG });
  // On a disk that is full, or to a terminal that is gone. There is nobody to be told, and streams go on.
  log.on('error', () => {});
  const logger = pino({ level: options.logLevel }, log);
  let server: RunningServer;
  try {
    server = await serve({ ...options, ...options.httpLimits, logger });
  } catch (error) {
    process.stderr.write(`livedrop: ${(error as Error).message}\n`);
    return 1;
  }
  stopOnSignal(server);
  process.stdout.write(
    [
      `Livedrop ${await readVersion()} is running. Stop it with Ctrl+C.`,
      '',
      `  Broadcast  ${server.url}/demo/broadcast.html`,
      `  Watch      ${server.url}/demo/watch.html`,
      '',
      '',
    ].join('\n'),
  );
  return 0;
}

/**
 * The first signal publishes what was received, the second ends at once. Nobody knows whether the server is started again: streams that
 * do not end go on then, and players that wait in vain can be told no better by a server that is gone.
 */
function stopOnSignal(server: RunningServer): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    server.close({ restarting: true }).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`livedrop: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

async function readVersion(): Promise<string> {
  const file = await readFile(join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
