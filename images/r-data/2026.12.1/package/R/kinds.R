# The field's own object for a connection, by its kind.

open_one <- function(answer) {
  switch(answer$kind,
    postgresql = open_postgresql(answer),
    mysql = open_mysql(answer),
    sqlite = open_sqlite(answer),
    folder = mounted(answer),
    http = open_http(answer),
    stop(
      sprintf("R opens no connections of kind '%s' here.\n", answer$kind),
      sprintf("In Python nightdesk.connect(\"%s\") does, also in another notebook or run.", answer$name),
      call. = FALSE
    )
  )
}

open_postgresql <- function(answer) {
  needs("RPostgreSQL")
  settings <- answer$settings
  # A name with more behind it is read by the database's own library as a list of settings.
  database <- c(dbname = settings$database, connect_timeout = 10, application_name = "nightdesk", sslmode = settings$sslmode)
  quoted <- gsub("(['\\\\])", "\\\\\\1", database)
  made <- opening(answer, DBI::dbConnect(
    RPostgreSQL::PostgreSQL(),
    dbname = paste(sprintf("%s='%s'", names(database), quoted), collapse = " "),
    host = settings$host, port = as.integer(or(settings$port, 5432)), user = settings$user,
    password = or(answer$secrets$password, "")
  ))
  if (isTRUE(answer$read_only)) {
    DBI::dbExecute(made, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
  }
  made
}

open_mysql <- function(answer) {
  needs("RMariaDB")
  settings <- answer$settings
  made <- opening(answer, DBI::dbConnect(
    RMariaDB::MariaDB(),
    host = settings$host, port = as.integer(or(settings$port, 3306)), user = settings$user,
    password = or(answer$secrets$password, ""), dbname = settings$database, timeout = 10
  ))
  if (isTRUE(answer$read_only)) {
    DBI::dbExecute(made, "SET SESSION TRANSACTION READ ONLY")
  }
  made
}

open_sqlite <- function(answer) {
  needs("RSQLite")
  flags <- if (isTRUE(answer$read_only)) RSQLite::SQLITE_RO else RSQLite::SQLITE_RW
  place <- mounted(answer)
  opening(answer, DBI::dbConnect(RSQLite::SQLite(), place, flags = flags))
}

mounted <- function(answer) {
  place <- or(answer$place, "")
  if (!nzchar(place) || !file.exists(place)) {
    stop(
      sprintf("the connection '%s' is not mounted here: there is no %s\n", answer$name, or(answer$place, "place for it")),
      "Folders and files are mounted when a session or run starts: end the session and start it again.",
      call. = FALSE
    )
  }
  place
}

# The address, and the header to send with each request: `httr2::req_headers(httr2::request(api$url), !!!api$headers)`.
open_http <- function(answer) {
  settings <- answer$settings
  scheme <- or(settings$scheme, "Bearer")
  token <- answer$secrets$token
  value <- if (scheme %in% c("", "-")) token else paste(scheme, token)
  list(url = settings$url, headers = stats::setNames(value, or(settings$header, "Authorization")))
}

opening <- function(answer, made) {
  tryCatch(made, error = function(problem) {
    stop(sprintf("the connection '%s' cannot be opened: %s", answer$name, conditionMessage(problem)), call. = FALSE)
  })
}

needs <- function(package) {
  if (!requireNamespace(package, quietly = TRUE)) {
    stop(
      sprintf("this environment cannot open it: the R package '%s' is not in it\n", package),
      sprintf("Choose a version that has it, or ask an admin for one with '%s' in it.", package),
      call. = FALSE
    )
  }
}

or <- function(value, otherwise) if (is.null(value)) otherwise else value
