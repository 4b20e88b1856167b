import { expect, test } from "vitest";
import { parseUpstreams } from "./upstreams.ts";

test("the files of all replicas, and nothing that lies beside them", () => {
  const printed =
    "/up/shop_web\n172.30.0.10:3000\n/up/shop_web.2\n172.30.0.12:3000\n\n/up/shop_web.next\nx\n/up/shop_api\n";
  expect(parseUpstreams(printed, ["/up/shop_web", "/up/shop_api"])).toEqual([
    { file: "/up/shop_web", content: "172.30.0.10:3000" },
    { file: "/up/shop_web.2", content: "172.30.0.12:3000" },
    { file: "/up/shop_api", content: "" },
  ]);
  expect(parseUpstreams("", ["/up/shop_web"])).toEqual([]);
});
