"""Which TCP ports of two addresses accept a connection: ADDRESS... as arguments, one JSON object out."""
import errno, json, select, socket, sys, time

BATCH, SECONDS = 8192, 1.5  # long enough for one repeated SYN


def scan(address, ports):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened, waiting, poll = [], {}, select.epoll()
    for port in ports:
        one = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        code = one.connect_ex((address, port))
        if code == errno.EINPROGRESS:
            waiting[one.fileno()] = (port, one)
            poll.register(one.fileno(), select.EPOLLOUT)
            continue
        if code == 0:
            opened.append(port)
        elif code != errno.ECONNREFUSED:
            raise OSError(code, f"{address}:{port}: {errno.errorcode[code]}")
        one.close()
    end = time.monotonic() + SECONDS
    while waiting:
        # What is ready counts, however late we come to look.
        left = end - time.monotonic()
        ready = poll.poll(max(left, 0))
        for number, _ in ready:
            port, one = waiting.pop(number)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                opened.append(port)
            poll.unregister(number)
            one.close()
        if left <= 0 and not ready:
            break
    for _, one in waiting.values():
        one.close()
    return sorted(opened)


found = {}
for address in sys.argv[1:]:
    found[address] = [p for first in range(1, 65536, BATCH) for p in scan(address, range(first, min(first + BATCH, 65536)))]
print(json.dumps(found))
