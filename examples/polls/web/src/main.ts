import { createPoll, listPolls, type Poll, vote } from "./api";
import "./style.css";

const title = import.meta.env.VITE_TITLE ?? "Polls";
document.title = title;
find("h1").textContent = title;

const form = find<HTMLFormElement>("#new");
const list = find("#polls");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const options = String(data.get("options"))
    .split("\n")
    .filter((line) => line.trim() !== "");
  await attempt(async () => {
    await createPoll(String(data.get("question")), options);
    form.reset();
  });
});

/** Shows what went wrong, or what is there now. */
async function attempt(act?: () => Promise<unknown>): Promise<void> {
  const alert = find("[role=alert]");
  try {
    await act?.();
    list.replaceChildren(...(await listPolls()).map(pollElement));
    alert.textContent = "";
  } catch (error) {
    alert.textContent = error instanceof Error ? error.message : String(error);
  }
}

function pollElement(poll: Poll): HTMLElement {
  const total = poll.options.reduce((sum, { votes }) => sum + votes, 0);
  const answers = poll.options.map((option) => {
    const button = element("button", option.text);
    button.addEventListener("click", () => void attempt(() => vote(poll, option)));
    const bar = element("meter");
    bar.max = Math.max(total, 1);
    bar.value = option.votes;
    const answer = element("li");
    answer.append(button, bar, element("span", String(option.votes)));
    return answer;
  });
  const answerList = element("ul");
  answerList.append(...answers);
  const article = element("article");
  article.append(element("h2", poll.question), answerList);
  return article;
}

function element<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, text = ""): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function find<E extends HTMLElement = HTMLElement>(selector: string): E {
  const found = document.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

await attempt();
// Votes are counted a moment after they were given, and others vote, too.
setInterval(() => void attempt(), 3000);
