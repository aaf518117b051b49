package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// nextPage is where the Link header leads, or nil at the last page.
func nextPage(response *http.Response, at *url.URL) (*url.URL, error) {
	for _, header := range response.Header.Values("Link") {
		target, found := relNext(header)
		if !found {
			continue
		}
		next, err := at.Parse(target)
		if err != nil || next.Scheme != "http" && next.Scheme != "https" || next.Host == "" {
			return nil, errors.New("the Link header leads to what is no address of HTTP")
		}
		if at.Scheme == "https" && next.Scheme == "http" {
			return nil, errors.New("the Link header leads from https to http")
		}
		return next, nil
	}
	return nil, nil
}

// relNext finds the target of rel="next" in a header such as
// <a?page=1>; rel="prev", <a?page=3>; rel="next".
func relNext(header string) (string, bool) {
	for header != "" {
		_, rest, found := strings.Cut(header, "<")
		if !found {
			return "", false
		}
		target, rest, found := strings.Cut(rest, ">")
		if !found {
			return "", false
		}
		parameters := rest
		if i := strings.IndexByte(rest, '<'); i >= 0 {
			parameters, header = rest[:i], rest[i:]
		} else {
			header = ""
		}
		if isNext(parameters) {
			return target, true
		}
	}
	return "", false
}

// isNext says whether one of the relation types of a link is "next".
func isNext(parameters string) bool {
	for parameter := range strings.SplitSeq(strings.TrimRight(parameters, " ,"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for relation := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(relation, "next") {
				return true
			}
		}
	}
	return false
}
