"""Speed"""
