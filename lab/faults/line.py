"""Lets packets through so much later, without reading them: the kernel hands each one's number over by a netfilter queue and
waits for the verdict. line.py QUEUE MILLISECONDS FOLDER: ends when FOLDER is gone and nothing waits any more. What netem
does, where the kernel has no netem."""
import collections, os, select, socket, struct, sys, time

NETFILTER, NO_ENOBUFS, RCVBUFFORCE = 12, 5, 33
PACKET, VERDICT, CONFIG = 0x300, 0x301, 0x302
queue, delay, folder = int(sys.argv[1]), int(sys.argv[2]) / 1000, sys.argv[3]
link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
link.setsockopt(270, NO_ENOBUFS, 1)
link.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 1 << 23)


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def send(kind, *attributes, acknowledged=False):
    body = struct.pack(">BBH", 0, 0, queue) + b"".join(attributes)
    link.send(struct.pack("=IHHII", 16 + len(body), kind, 5 if acknowledged else 1, 0, 0) + body)
    if acknowledged:
        code = -struct.unpack_from("=i", link.recv(1 << 16), 16)[0]
        if code:
            raise OSError(code, os.strerror(code))


def numbers(data):
    """The packet numbers in what the kernel wrote: the header is each message's first attribute."""
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if kind == PACKET:
            yield struct.unpack_from(">I", data, at + 24)[0]
        at += (length + 3) & ~3


# Bind; copy nothing of the packet; so many may wait; neither cut large ones up (4) nor, when it is full, drop (1).
send(CONFIG, attribute(1, struct.pack(">BBH", 1, 0, 0)), acknowledged=True)
settings = [(2, struct.pack(">IB", 0, 1)), (3, struct.pack(">I", 20_000)), (4, struct.pack(">I", 5)), (5, struct.pack(">I", 5))]
send(CONFIG, *(attribute(kind, data) for kind, data in settings), acknowledged=True)
waiting = collections.deque()
while waiting or os.path.exists(folder):
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        send(VERDICT, attribute(2, struct.pack(">II", 1, waiting.popleft()[1])))
    left = waiting[0][0] - time.monotonic() if waiting else 0.5
    if select.select([link], [], [], max(0, left))[0]:
        arrived = link.recv(1 << 17)
        waiting.extend((time.monotonic() + delay, number) for number in numbers(arrived))
