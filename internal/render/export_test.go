package render

// Expand does what the kubelet does to commands, arguments and values.
var Expand = expand
