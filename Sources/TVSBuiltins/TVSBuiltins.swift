// TVSBuiltins
