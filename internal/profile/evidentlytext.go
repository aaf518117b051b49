package profile

import (
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/domain"
)

func (p *Plan) evidentlyText(_ schema.Column, reference, current *Summary) verdict {
	return apart(words(reference.live), words(current.live), domain.Vocabulary, 0.05)
}
