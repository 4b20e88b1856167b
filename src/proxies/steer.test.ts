import { expect, test } from "vitest";
import { readSteering, steeredAccepts } from "./steer.ts";

const ours = (rules: readonly string[]) => `table inet berth {
	chain input {
		type filter hook input priority filter; policy drop;
		${rules.join("\n\t\t")}
	}
}
`;
const docker = `table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy accept;
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
}
`;
const steered = `table inet berth_steer {
	chain arriving {
		type nat hook prerouting priority dstnat - 5; policy accept;
		fib daddr type local tcp dport 443 redirect to :8442
		fib daddr type local tcp dport 80 redirect to :8452
	}
}
`;

test("where new connections go, if they are steered", () => {
  expect(readSteering(steered + ours(steeredAccepts) + docker)).toEqual({ steered: 8442, unsteerable: null });
  expect(readSteering(ours(steeredAccepts))).toEqual({ steered: null, unsteerable: null });
  expect(readSteering("")).toEqual({ steered: null, unsteerable: null });
});

test("a firewall that would drop what was steered is named", () => {
  const why = (printed: string) => readSteering(printed).unsteerable;
  expect(why(ours(["tcp dport 8441-8442 ct status dnat ct original proto-dst 443 accept"]))).toMatch(/earlier version/);
  expect(why(docker.replace("policy accept", "policy drop"))).toBe("the table ip filter");
  expect(why("table inet firewalld {\n\tchain filter_INPUT {\n\t}\n}\n")).toBe("firewalld");
  expect(why(`${ours(steeredAccepts)}Status: active\n`)).toBe("ufw");
});
