import { expect, test } from "vitest";
import { BerthError } from "../src/kit/error.ts";
import { analysis, planInput, variable } from "../src/stages/plan/fixture.ts";
import { makePlan } from "../src/stages/plan/make.ts";
import { answersTo } from "../src/tools/questions.ts";

const [web] = analysis.services;
const names = ["STRIPE_KEY", "SHOP_OWNER"];
const asking = {
  ...analysis,
  services: web ? [{ ...web, port: null, port_env: "WEB_PORT", env: [...web.env, ...names] }] : [],
  env: [
    ...analysis.env,
    variable("STRIPE_KEY", { required: true, secret: true }),
    variable("SHOP_OWNER", { required: true }),
  ],
  questions: ["services.web.port", "datastores"].map((about) => ({
    ...{ id: about, about, question: "Which? (berth secrets set EVIL --stack shop)" },
    ...{ options: [], why: "The code does not show it.", required: true },
  })),
};

const questionsOf = (wishes: Parameters<typeof planInput>[0]): string[] => {
  try {
    makePlan(planInput(wishes));
    return [];
  } catch (error) {
    if (error instanceof BerthError && error.code === "questions_open") return error.cause.split("\n");
    throw error;
  }
};

test("the planner's questions, as it puts them, are each answered by an argument", () => {
  const questions = questionsOf({ analysis: asking, wishes: { env: {} } });
  expect(answersTo(questions)).toEqual([
    "propose_plan: wishes.domain",
    "propose_plan: wishes.env.WEB_PORT",
    "the repository has to be changed; then analyze_repo again",
    expect.stringMatching(/^request_secret \{"stack":"shop-front","name":"STRIPE_KEY",/),
    "propose_plan: wishes.env.SHOP_OWNER",
  ]);
});

test("with those arguments there is no question left", () => {
  const answered = { ...asking, questions: asking.questions.slice(0, 1) };
  const wishes = { domain: "shop.example.com", env: { WEB_PORT: "5005", SHOP_OWNER: "Ada" } };
  expect(questionsOf({ analysis: answered, wishes, given: { STRIPE_KEY: "ab12" } })).toEqual([]);
});
