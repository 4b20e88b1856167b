import { expect, test } from "vitest";
import { analysis, planInput, variable } from "./fixture.ts";
import { makePlan } from "./make.ts";

test.each(["BASE_URL", "PUBLIC_BASE_URL", "APP_URL", "SERVER_ORIGIN", "NEXTAUTH_URL"])(
  "%s is the address of the stack",
  (name) => {
    const asking = { ...analysis, env: [...analysis.env, variable(name, { required: true })] };
    expect(makePlan(planInput({ analysis: asking })).services[0]?.env).toMatchObject({
      [name]: { value: "https://shop.example.com" },
    });
  },
);
