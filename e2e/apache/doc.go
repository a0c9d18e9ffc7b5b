// Package apache has only tests: Apache httpd and vitrine serve the same folder and are asked the same, and each difference between
// their answers must have an explanation. They are skipped where httpd is not installed.
package apache
