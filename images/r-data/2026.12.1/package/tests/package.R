# Run while the image is built, with tests/python3 in the place of the platform: a failure ends the build.
library(nightdesk)

fails <- function(code, words) {
  said <- tryCatch(
    {
      force(code)
      "nothing"
    },
    error = conditionMessage
  )
  if (!grepl(words, said)) stop(sprintf("expected '%s', got '%s'", words, said))
}
answers <- function(text) Sys.setenv(ANSWER = text)

there <- tempfile(fileext = ".sqlite")
made <- DBI::dbConnect(RSQLite::SQLite(), there)
DBI::dbWriteTable(made, "orders", data.frame(id = 1:3))
DBI::dbDisconnect(made)
sqlite <- function(read_only) {
  answers(sprintf('{"name": "w", "kind": "sqlite", "read_only": %s, "settings": {}, "secrets": {}, "place": "%s"}', read_only, there))
}

sqlite("true")
first <- connect("w")
stopifnot(DBI::dbGetQuery(first, "select count(*) as n from orders")$n == 3, identical(first, connect("w")))
fails(DBI::dbExecute(connect("w"), "delete from orders"), "readonly")
sqlite("false")
stopifnot(!identical(first, connect("w")), !DBI::dbIsValid(first), DBI::dbExecute(connect("w"), "delete from orders where id > 1") == 2)
DBI::dbDisconnect(connect("w"))
stopifnot(DBI::dbGetQuery(connect("w"), "select id from orders")$id == 1) # a line that broke is made anew

answers(sprintf('{"name": "maps", "kind": "folder", "place": "%s"}', dirname(there)))
stopifnot(connect("maps") == dirname(there))
answers('{"name": "maps", "kind": "folder", "place": "/nowhere"}')
fails(connect("maps"), "is not mounted here: there is no /nowhere")
answers('{"name": "crm", "kind": "http", "settings": {"url": "https://crm", "header": "X-Key", "scheme": "-"}, "secrets": {"token": "abc"}}')
stopifnot(identical(connect("crm"), list(url = "https://crm", headers = c("X-Key" = "abc"))))
answers('{"name": "crm", "kind": "http", "settings": {"url": "https://crm"}, "secrets": {"token": "abc"}}')
stopifnot(connect("crm")$headers == c(Authorization = "Bearer abc"))
answers('{"name": "lake", "kind": "s3"}')
fails(connect("lake"), "R opens no connections of kind 's3' here")
fails(connect("Robert'); drop"), "a connection's name is small letters")
answers(sprintf('{"name": "long", "kind": "http", "settings": {"url": "%s"}, "secrets": {"token": "abc"}}', strrep("x", 20000)))
stopifnot(nchar(connect("long")$url) == 20000)
nobody <- '{"name": "p", "kind": "%s", "settings": {"host": "127.0.0.1", "port": 9, "database": "it\'s", "user": "u"}, "secrets": {"password": "s3cret-s3cret"}}'
for (kind in c("postgresql", "mysql")) {
  answers(sprintf(nobody, kind))
  said <- tryCatch(connect("p"), error = conditionMessage)
  stopifnot(grepl("the connection 'p' cannot be opened", said), !grepl("s3cret", said))
}
answers("refused")
fails(connect("w"), "there is no connection 'w'\nAsk an admin")

answers('[{"name": "w", "kind": "sqlite", "write": true, "title": "T"}, {"name": "lake", "kind": "s3", "title": null}]')
stopifnot(
  identical(connections()$name, c("w", "lake")), identical(connections()$you_may, c("read and write", "read")),
  connections()$example[1] == "DBI::dbGetQuery(nightdesk::connect(\"w\"), \"select 1\")"
)
answers("[]")
stopifnot(nrow(connections()) == 0)

stopifnot(is.null(run()))
job <- tempfile()
cat('{"run": "r1", "attempt": 2, "name": "n", "owner": "ada", "parameters": {"year": 2026, "shares": [1, 2]}}', file = job)
Sys.setenv(NIGHTDESK_JOB = job, NIGHTDESK_OUTPUT_DIR = file.path(tempdir(), "out"))
stopifnot(run()$attempt == 2, run()$parameters$year == 2026, identical(run()$parameters$shares, 1:2), dir.exists(output_dir()))
stopifnot(capture.output(log_metric("auc", 0.5, 3)) == "metric auc at step 3: 0.5")
metrics <- tempfile()
Sys.setenv(NIGHTDESK_METRICS = metrics)
log_metric("auc", 1 / 3)
log_metric("\u00fc\"", 2L, step = 7)
written <- readLines(metrics, encoding = "UTF-8")
stopifnot(jsonlite::fromJSON(written[1])$value == 1 / 3, written[2] == "{\"name\":\"\u00fc\\\"\",\"value\":2,\"step\":7}")
fails(log_metric("auc", NaN), "needs a finite number")
fails(log_metric("", 1), "1 to 200 characters")
fails(log_metric("auc", 1, 1.5), "whole number")
