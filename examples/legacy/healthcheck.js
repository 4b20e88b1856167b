require("node:http")
  .get("http://localhost:8080/health", (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
  .on("error", () => process.exit(1));
