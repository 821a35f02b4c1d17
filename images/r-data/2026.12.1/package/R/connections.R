# Data connections. The platform is asked each time; what was opened before is given again while its answer is the
# same, so that a notebook that asks in each cell does not open a line to the database in each cell.

opened <- new.env(parent = emptyenv())

connect <- function(name) {
  if (!is.character(name) || length(name) != 1 || !grepl("^[a-z][a-z0-9_-]{0,30}$", name)) {
    stop("a connection's name is small letters, digits, - and _; nightdesk::connections() lists yours", call. = FALSE)
  }
  answer <- tryCatch(ask("use", name), error = function(problem) {
    forget(name)
    stop(problem)
  })
  before <- opened[[name]]
  if (!is.null(before) && identical(before$answer, answer) && alive(before$made)) {
    return(before$made)
  }
  forget(name)
  made <- open_one(jsonlite::fromJSON(answer, simplifyVector = FALSE))
  opened[[name]] <- list(answer = answer, made = made)
  made
}

connections <- function() {
  listed <- jsonlite::fromJSON(ask("list"), simplifyVector = FALSE)
  text <- function(each, field) if (is.null(each[[field]])) "" else as.character(each[[field]])
  data.frame(
    name = vapply(listed, text, "", "name"),
    kind = vapply(listed, text, "", "kind"),
    you_may = vapply(listed, function(each) if (isTRUE(each$write)) "read and write" else "read", ""),
    title = vapply(listed, text, "", "title"),
    example = vapply(listed, example, "")
  )
}

example <- function(each) {
  code <- sprintf("nightdesk::connect(\"%s\")", each$name)
  switch(each$kind,
    postgresql = , mysql = , sqlite = sprintf("DBI::dbGetQuery(%s, \"select 1\")", code),
    folder = sprintf("list.files(%s)", code),
    http = code,
    "in Python: nightdesk.connect"
  )
}

# One question to the platform, by the Python package beside us. The answer comes through a pipe and is kept as text.
ask <- function(...) {
  words <- tempfile("nightdesk-words-")
  on.exit(unlink(words))
  said <- suppressWarnings(system2("python3", c("-m", "nightdesk.connecting.for_r", shQuote(c(...))), stdout = TRUE, stderr = words))
  status <- attr(said, "status")
  if (!is.null(status) && status != 0) {
    reason <- paste(readLines(words, warn = FALSE), collapse = "\n")
    stop(if (nzchar(reason)) reason else sprintf("python3 ended with exit code %d", status), call. = FALSE)
  }
  paste(said, collapse = "") # R breaks lines of more than 8095 bytes
}

alive <- function(made) {
  if (!inherits(made, "DBIConnection")) {
    return(TRUE)
  }
  tryCatch(
    {
      DBI::dbGetQuery(made, "select 1")
      TRUE
    },
    error = function(problem) FALSE
  )
}

forget <- function(name) {
  before <- opened[[name]]
  if (is.null(before)) {
    return(invisible())
  }
  rm(list = name, envir = opened)
  if (inherits(before$made, "DBIConnection")) {
    tryCatch(suppressWarnings(DBI::dbDisconnect(before$made)), error = function(problem) NULL)
  }
  invisible()
}
