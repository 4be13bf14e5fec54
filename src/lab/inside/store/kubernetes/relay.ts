/**
 * The program by which the lab's first process reaches the API server, whose network it is not in: listens on a unix socket, and connects
 * each connection to an address. The arguments are the socket's path, the address and the port. It prints a line when it listens, and ends
 * with its stdin.
 */
import { createConnection, createServer } from 'node:net';

const [socketPath, address = '', port] = process.argv.slice(2);

createServer((near) => {
  const far = createConnection({ host: address, port: Number(port) });
  near.on('error', () => far.destroy()).on('close', () => far.destroy());
  far.on('error', () => near.destroy()).on('close', () => near.destroy());
  near.pipe(far).pipe(near);
}).listen(socketPath, () => process.stdout.write('listening\n'));
process.stdin.on('end', () => process.exit()).resume();
