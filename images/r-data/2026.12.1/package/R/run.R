# This run, its outputs and its metrics.

run <- function() {
  path <- Sys.getenv("NIGHTDESK_JOB")
  if (!nzchar(path)) {
    return(NULL)
  }
  job <- jsonlite::fromJSON(path, simplifyDataFrame = FALSE, simplifyMatrix = FALSE)
  list(id = job$run, attempt = job$attempt, name = job$name, owner = job$owner, parameters = job$parameters)
}

output_dir <- function() {
  folder <- Sys.getenv("NIGHTDESK_OUTPUT_DIR", file.path(Sys.getenv("HOME"), "nightdesk-output"))
  dir.create(folder, recursive = TRUE, showWarnings = FALSE)
  folder
}

log_metric <- function(name, value, step = NULL) {
  if (!is.character(name) || length(name) != 1 || !(nchar(name) %in% 1:200)) {
    stop("a metric's name is text of 1 to 200 characters", call. = FALSE)
  }
  if (!is.numeric(value) || length(value) != 1 || !is.finite(value)) {
    stop(sprintf("the metric '%s' needs a finite number", name), call. = FALSE)
  }
  if (!is.null(step) && (!is.numeric(step) || length(step) != 1 || !is.finite(step) || step != round(step))) {
    stop(sprintf("the step of the metric '%s' is a whole number", name), call. = FALSE)
  }
  path <- Sys.getenv("NIGHTDESK_METRICS")
  if (!nzchar(path)) {
    at <- if (is.null(step)) "" else sprintf(" at step %d", as.integer(step))
    cat(sprintf("metric %s%s: %s\n", name, at, format(value, digits = 15)))
    return(invisible())
  }
  line <- sprintf(
    "{\"name\":%s,\"value\":%.17g,\"step\":%s}", # all of a number's digits: jsonlite writes 15
    jsonlite::toJSON(name, auto_unbox = TRUE), value, if (is.null(step)) "null" else sprintf("%.0f", step)
  )
  cat(line, "\n", file = path, sep = "", append = TRUE)
}
